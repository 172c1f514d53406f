import { SqlGroupRequestStore } from '../../src/store/sql-group-request-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { groupRequestStoreSuite } from './group-request-store.suite.ts';

testOnEveryDatabase('GroupRequestStore', (t, { db }) =>
  groupRequestStoreSuite(t, { store: new SqlGroupRequestStore(db), unitOfWork: db }),
);
