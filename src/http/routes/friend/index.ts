/** Every endpoint under /friend, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import getBlackList from './get_black_list.ts';
import getDesignatedFriends from './get_designated_friends.ts';
import getFriendList from './get_friend_list.ts';
import getFullFriendUserIds from './get_full_friend_user_ids.ts';
import getIncrementalFriends from './get_incremental_friends.ts';

export const friendEndpoints: readonly Endpoint[] = [
  getBlackList,
  getDesignatedFriends,
  getFriendList,
  getFullFriendUserIds,
  getIncrementalFriends,
];
