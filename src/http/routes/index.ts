/** Every endpoint of the API port, in the order of the API reference. */
import type { Endpoint } from '../endpoint.ts';
import forceLogout from './auth/force_logout.ts';
import getAdminToken from './auth/get_admin_token.ts';
import getUserToken from './auth/get_user_token.ts';
import parseToken from './auth/parse_token.ts';
import getAllConversations from './conversation/get_all_conversations.ts';
import getConversation from './conversation/get_conversation.ts';
import getConversations from './conversation/get_conversations.ts';
import getFullConversationIds from './conversation/get_full_conversation_ids.ts';
import getIncrementalConversations from './conversation/get_incremental_conversations.ts';
import getNotNotifyConversationIds from './conversation/get_not_notify_conversation_ids.ts';
import getOwnerConversation from './conversation/get_owner_conversation.ts';
import getPinnedConversationIds from './conversation/get_pinned_conversation_ids.ts';
import getBlackList from './friend/get_black_list.ts';
import getDesignatedFriends from './friend/get_designated_friends.ts';
import getFriendList from './friend/get_friend_list.ts';
import getFullFriendUserIds from './friend/get_full_friend_user_ids.ts';
import getIncrementalFriends from './friend/get_incremental_friends.ts';
import getFullJoinGroupIds from './group/get_full_join_group_ids.ts';
import getIncrementalGroupMembersBatch from './group/get_incremental_group_members_batch.ts';
import getIncrementalJoinGroups from './group/get_incremental_join_groups.ts';
import getJoinedGroupList from './group/get_joined_group_list.ts';
import jssdkGetActiveConversations from './jssdk/get_active_conversations.ts';
import jssdkGetConversations from './jssdk/get_conversations.ts';
import getConversationsHasReadAndMaxSeq from './msg/get_conversations_has_read_and_max_seq.ts';
import markConversationAsRead from './msg/mark_conversation_as_read.ts';
import newestSeq from './msg/newest_seq.ts';
import pullMsgBySeq from './msg/pull_msg_by_seq.ts';
import sendMsg from './msg/send_msg.ts';
import setConversationHasReadSeq from './msg/set_conversation_has_read_seq.ts';
import accountCheck from './user/account_check.ts';
import getUsersInfo from './user/get_users_info.ts';
import updateUserInfoEx from './user/update_user_info_ex.ts';
import userRegister from './user/user_register.ts';

export const endpoints: readonly Endpoint[] = [
  forceLogout,
  getAdminToken,
  getUserToken,
  parseToken,
  accountCheck,
  getUsersInfo,
  updateUserInfoEx,
  userRegister,
  getAllConversations,
  getConversation,
  getConversations,
  getFullConversationIds,
  getIncrementalConversations,
  getNotNotifyConversationIds,
  getOwnerConversation,
  getPinnedConversationIds,
  getBlackList,
  getDesignatedFriends,
  getFriendList,
  getFullFriendUserIds,
  getIncrementalFriends,
  getFullJoinGroupIds,
  getIncrementalGroupMembersBatch,
  getIncrementalJoinGroups,
  getJoinedGroupList,
  getConversationsHasReadAndMaxSeq,
  markConversationAsRead,
  newestSeq,
  pullMsgBySeq,
  sendMsg,
  setConversationHasReadSeq,
  jssdkGetActiveConversations,
  jssdkGetConversations,
];
