import { SqlBadgeStore } from '../../src/store/sql-badge-store.ts';
import { SqlPushTokenStore } from '../../src/store/sql-push-token-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { pushTokenStoreSuite } from './push-token-store.suite.ts';

testOnEveryDatabase('PushTokenStore', (t, { db, peer }) =>
  pushTokenStoreSuite(t, {
    ...{ store: new SqlPushTokenStore(db), badges: new SqlBadgeStore(db), unitOfWork: db },
    peer: { store: new SqlPushTokenStore(peer), unitOfWork: peer },
  }),
);
