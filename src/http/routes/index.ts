/** Every endpoint of the API port, in the order of the API reference. */
import type { Endpoint } from '../endpoint.ts';
import forceLogout from './auth/force_logout.ts';
import getAdminToken from './auth/get_admin_token.ts';
import getUserToken from './auth/get_user_token.ts';
import listTokenEvents from './auth/list_token_events.ts';
import listTokens from './auth/list_tokens.ts';
import parseToken from './auth/parse_token.ts';
import renewToken from './auth/renew_token.ts';
import revokeToken from './auth/revoke_token.ts';
import revokeTokens from './auth/revoke_tokens.ts';
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
import getGroupsInfo from './group/get_groups_info.ts';
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
import delUserClientConfig from './user/del_user_client_config.ts';
import getSubscribeUsersStatus from './user/get_subscribe_users_status.ts';
import getUserClientConfig from './user/get_user_client_config.ts';
import getUsersInfo from './user/get_users_info.ts';
import getUsersOnlineStatus from './user/get_users_online_status.ts';
import getUsersOnlineTokenDetail from './user/get_users_online_token_detail.ts';
import getUsersStatus from './user/get_users_status.ts';
import pageUserClientConfig from './user/page_user_client_config.ts';
import processUserCommandAdd from './user/process_user_command_add.ts';
import processUserCommandDelete from './user/process_user_command_delete.ts';
import processUserCommandGet from './user/process_user_command_get.ts';
import processUserCommandGetAll from './user/process_user_command_get_all.ts';
import processUserCommandUpdate from './user/process_user_command_update.ts';
import setUserClientConfig from './user/set_user_client_config.ts';
import subscribeUsersStatus from './user/subscribe_users_status.ts';
import updateUserInfoEx from './user/update_user_info_ex.ts';
import userRegister from './user/user_register.ts';

export const endpoints: readonly Endpoint[] = [
  forceLogout,
  getAdminToken,
  getUserToken,
  listTokenEvents,
  listTokens,
  parseToken,
  renewToken,
  revokeToken,
  revokeTokens,
  accountCheck,
  delUserClientConfig,
  getSubscribeUsersStatus,
  getUserClientConfig,
  getUsersInfo,
  getUsersOnlineStatus,
  getUsersOnlineTokenDetail,
  getUsersStatus,
  pageUserClientConfig,
  processUserCommandAdd,
  processUserCommandDelete,
  processUserCommandGet,
  processUserCommandGetAll,
  processUserCommandUpdate,
  setUserClientConfig,
  subscribeUsersStatus,
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
  getGroupsInfo,
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
