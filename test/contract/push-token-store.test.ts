import type { Database } from '../../src/database/database.ts';
import { SqlBadgeStore } from '../../src/store/sql-badge-store.ts';
import { SqlPushTokenStore } from '../../src/store/sql-push-token-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { pushTokenStoreSuite } from './push-token-store.suite.ts';

testOnEveryDatabase('PushTokenStore', (t, { db, peer }) =>
  pushTokenStoreSuite(t, {
    ...{ store: new SqlPushTokenStore(db), badges: new SqlBadgeStore(db), unitOfWork: db },
    peer: { store: new SqlPushTokenStore(peer), unitOfWork: peer },
    failing: new SqlPushTokenStore(failingInTheEnd(db)),
    owners: async () => {
      const rows = await db.reader.selectFrom('push_tokens').select('user_id').execute();
      return rows.map(({ user_id }) => user_id);
    },
  }),
);

function failingInTheEnd(db: Database): Database {
  const transaction: Database['transaction'] = (work) =>
    db.transaction(async (tx) => {
      await work(tx);
      throw new Error('no');
    });
  return new Proxy(db, {
    get: (target, name) => (name === 'transaction' ? transaction : Reflect.get(target, name, target)),
  });
}
