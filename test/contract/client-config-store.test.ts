import { SqlClientConfigStore } from '../../src/store/sql-client-config-store.ts';
import { clientConfigStoreSuite } from './client-config-store.suite.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('ClientConfigStore', (t, { db, peer }) =>
  clientConfigStoreSuite(t, [
    { store: new SqlClientConfigStore(db), unitOfWork: db },
    { store: new SqlClientConfigStore(peer), unitOfWork: peer },
  ]),
);
