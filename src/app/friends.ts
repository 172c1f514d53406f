/** Friends and black lists, composed. Part of the composition root; see app.ts. */
import type { Database } from '../database/database.ts';
import { BlackList } from '../friends/black-list.ts';
import { FriendQueries } from '../friends/friend-queries.ts';
import { FriendRequestQueries } from '../friends/friend-request-queries.ts';
import { FriendRequests } from '../friends/friend-requests.ts';
import { Friends } from '../friends/friends.ts';
import { Friendships } from '../friends/friendships.ts';
import type { Services } from '../http/services.ts';
import { SqlBlackStore } from '../store/sql-black-store.ts';
import { SqlFriendRequestStore } from '../store/sql-friend-request-store.ts';
import { SqlFriendStore } from '../store/sql-friend-store.ts';
import type { UserStore } from '../users/user-store.ts';
import type { Ground } from './ground.ts';
import type { Log } from './messaging.ts';
import type { Hooks } from './webhooks.ts';

export type FriendServices = Pick<
  Services,
  'friends' | 'friendRequests' | 'friendQueries' | 'friendRequestQueries' | 'blackList'
>;

export function openFriends(
  { config, clock }: Ground,
  db: Database,
  { notifier, versionLog }: Pick<Log, 'notifier' | 'versionLog'>,
  { users, hooks }: { readonly users: Pick<UserStore, 'find' | 'hold'>; readonly hooks: Hooks },
): FriendServices {
  const store = new SqlFriendStore(db);
  const requests = new SqlFriendRequestStore(db);
  const blacks = new SqlBlackStore(db);
  const shared = { hooks: hooks.friends, versionLog, users, unitOfWork: db, notifier, limits: config, now: clock };
  const friendships = new Friendships({ ...shared, store });
  return {
    friends: new Friends({ ...shared, store, friendships }),
    friendRequests: new FriendRequests({ ...shared, store: requests, friendships }),
    friendQueries: new FriendQueries({ ...shared, store, blacks }),
    friendRequestQueries: new FriendRequestQueries({ ...shared, store: requests }),
    blackList: new BlackList({ ...shared, store: blacks }),
  };
}
