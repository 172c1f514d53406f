import { SqlFriendRequestStore } from '../../src/store/sql-friend-request-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { friendRequestStoreSuite } from './friend-request-store.suite.ts';

testOnEveryDatabase('FriendRequestStore', (t, { db }) => friendRequestStoreSuite(t, new SqlFriendRequestStore(db), db));
