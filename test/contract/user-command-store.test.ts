import { SqlUserCommandStore } from '../../src/store/sql-user-command-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { userCommandStoreSuite } from './user-command-store.suite.ts';

testOnEveryDatabase('UserCommandStore', (t, { db }) => userCommandStoreSuite(t, new SqlUserCommandStore(db), db));
