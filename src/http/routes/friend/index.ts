/** Every endpoint under /friend, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import addBlack from './add_black.ts';
import addFriend from './add_friend.ts';
import addFriendResponse from './add_friend_response.ts';
import deleteFriend from './delete_friend.ts';
import getBlackList from './get_black_list.ts';
import getDesignatedFriendApply from './get_designated_friend_apply.ts';
import getDesignatedFriends from './get_designated_friends.ts';
import getFriendApplyList from './get_friend_apply_list.ts';
import getFriendId from './get_friend_id.ts';
import getFriendList from './get_friend_list.ts';
import getFullFriendUserIds from './get_full_friend_user_ids.ts';
import getIncrementalBlacks from './get_incremental_blacks.ts';
import getIncrementalFriends from './get_incremental_friends.ts';
import getSelfFriendApplyList from './get_self_friend_apply_list.ts';
import getSelfUnhandledApplyCount from './get_self_unhandled_apply_count.ts';
import getSpecifiedBlacks from './get_specified_blacks.ts';
import getSpecifiedFriendsInfo from './get_specified_friends_info.ts';
import importFriend from './import_friend.ts';
import isFriend from './is_friend.ts';
import removeBlack from './remove_black.ts';
import setFriendRemark from './set_friend_remark.ts';
import updateFriends from './update_friends.ts';

export const friendEndpoints: readonly Endpoint[] = [
  addBlack,
  addFriend,
  addFriendResponse,
  deleteFriend,
  getBlackList,
  getDesignatedFriendApply,
  getDesignatedFriends,
  getFriendApplyList,
  getFriendId,
  getFriendList,
  getFullFriendUserIds,
  getIncrementalBlacks,
  getIncrementalFriends,
  getSelfFriendApplyList,
  getSelfUnhandledApplyCount,
  getSpecifiedBlacks,
  getSpecifiedFriendsInfo,
  importFriend,
  isFriend,
  removeBlack,
  setFriendRemark,
  updateFriends,
];
