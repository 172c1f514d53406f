import { SqlUserStore } from '../../src/store/sql-user-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { userStoreSuite } from './user-store.suite.ts';

testOnEveryDatabase('UserStore', (t, { db, peer }) =>
  userStoreSuite(t, [
    { store: new SqlUserStore(db), unitOfWork: db },
    { store: new SqlUserStore(peer), unitOfWork: peer },
  ]),
);
