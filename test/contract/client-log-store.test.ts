import { SqlClientLogStore } from '../../src/store/sql-client-log-store.ts';
import { clientLogStoreSuite } from './client-log-store.suite.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('ClientLogStore', (t, { db }) =>
  clientLogStoreSuite(t, { store: new SqlClientLogStore(db), unitOfWork: db }),
);
