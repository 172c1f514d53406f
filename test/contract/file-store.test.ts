import { SqlFileStore } from '../../src/store/sql-file-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { fileStoreSuite } from './file-store.suite.ts';

testOnEveryDatabase('FileStore', (t, { db }) => fileStoreSuite(t, new SqlFileStore(db), db));
