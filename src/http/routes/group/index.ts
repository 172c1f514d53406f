/** Every endpoint under /group, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import cancelMuteGroup from './cancel_mute_group.ts';
import cancelMuteGroupMember from './cancel_mute_group_member.ts';
import createGroup from './create_group.ts';
import dismissGroup from './dismiss_group.ts';
import getFullJoinGroupIds from './get_full_join_group_ids.ts';
import getGroupsInfo from './get_groups_info.ts';
import getIncrementalGroupMembersBatch from './get_incremental_group_members_batch.ts';
import getIncrementalJoinGroups from './get_incremental_join_groups.ts';
import getJoinedGroupList from './get_joined_group_list.ts';
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
  getFullJoinGroupIds,
  getGroupsInfo,
  getIncrementalGroupMembersBatch,
  getIncrementalJoinGroups,
  getJoinedGroupList,
];
