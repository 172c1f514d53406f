import { SqlTokenEndStore } from '../../src/store/sql-token-end-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { tokenEndStoreSuite } from './token-end-store.suite.ts';

testOnEveryDatabase('TokenEndStore', (t, { db }) => tokenEndStoreSuite(t, new SqlTokenEndStore(db)));
