/** Every endpoint under /group, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import cancelMuteGroup from './cancel_mute_group.ts';
import cancelMuteGroupMember from './cancel_mute_group_member.ts';
import createGroup from './create_group.ts';
import dismissGroup from './dismiss_group.ts';
import getFullGroupMemberUserIds from './get_full_group_member_user_ids.ts';
import getFullJoinGroupIds from './get_full_join_group_ids.ts';
import getGroupAbstractInfo from './get_group_abstract_info.ts';
import getGroupApplicationUnhandledCount from './get_group_application_unhandled_count.ts';
import getGroupMemberList from './get_group_member_list.ts';
import getGroupMemberUserId from './get_group_member_user_id.ts';
import getGroupMembersInfo from './get_group_members_info.ts';
import getGroupUsersReqApplicationList from './get_group_users_req_application_list.ts';
import getGroups from './get_groups.ts';
import getGroupsInfo from './get_groups_info.ts';
import getIncrementalGroupMembers from './get_incremental_group_members.ts';
import getIncrementalGroupMembersBatch from './get_incremental_group_members_batch.ts';
import getIncrementalJoinGroups from './get_incremental_join_groups.ts';
import getJoinedGroupList from './get_joined_group_list.ts';
import getRecvGroupApplicationList from './get_recv_group_applicationList.ts';
import getSpecifiedUserGroupRequestInfo from './get_specified_user_group_request_info.ts';
import getUserReqGroupApplicationList from './get_user_req_group_applicationList.ts';
import groupApplicationResponse from './group_application_response.ts';
import inviteUserToGroup from './invite_user_to_group.ts';
import joinGroup from './join_group.ts';
import kickGroup from './kick_group.ts';
import muteGroup from './mute_group.ts';
import muteGroupMember from './mute_group_member.ts';
import quitGroup from './quit_group.ts';
import setGroupInfo from './set_group_info.ts';
import setGroupInfoEx from './set_group_info_ex.ts';
import setGroupMemberInfo from './set_group_member_info.ts';
import transferGroup from './transfer_group.ts';

export const groupEndpoints: readonly Endpoint[] = [
  createGroup,
  setGroupInfo,
  setGroupInfoEx,
  joinGroup,
  groupApplicationResponse,
  inviteUserToGroup,
  quitGroup,
  kickGroup,
  transferGroup,
  dismissGroup,
  muteGroup,
  cancelMuteGroup,
  muteGroupMember,
  cancelMuteGroupMember,
  setGroupMemberInfo,
  getGroupsInfo,
  getJoinedGroupList,
  getGroupMembersInfo,
  getGroupMemberList,
  getGroupMemberUserId,
  getGroupAbstractInfo,
  getGroups,
  getRecvGroupApplicationList,
  getUserReqGroupApplicationList,
  getGroupUsersReqApplicationList,
  getSpecifiedUserGroupRequestInfo,
  getGroupApplicationUnhandledCount,
  getIncrementalJoinGroups,
  getFullJoinGroupIds,
  getIncrementalGroupMembers,
  getIncrementalGroupMembersBatch,
  getFullGroupMemberUserIds,
];
