import { SqlBlackStore } from '../../src/store/sql-black-store.ts';
import { blackStoreSuite } from './black-store.suite.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('BlackStore', (t, { db }) => blackStoreSuite(t, new SqlBlackStore(db), db));
