import { SqlFriendStore } from '../../src/store/sql-friend-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { friendStoreSuite } from './friend-store.suite.ts';

testOnEveryDatabase('FriendStore', (t, { db }) => friendStoreSuite(t, new SqlFriendStore(db), db));
