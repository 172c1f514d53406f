/** Every endpoint under /group, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import createGroup from './create_group.ts';
import getFullJoinGroupIds from './get_full_join_group_ids.ts';
import getGroupsInfo from './get_groups_info.ts';
import getIncrementalGroupMembersBatch from './get_incremental_group_members_batch.ts';
import getIncrementalJoinGroups from './get_incremental_join_groups.ts';
import getJoinedGroupList from './get_joined_group_list.ts';

export const groupEndpoints: readonly Endpoint[] = [
  createGroup,
  getFullJoinGroupIds,
  getGroupsInfo,
  getIncrementalGroupMembersBatch,
  getIncrementalJoinGroups,
  getJoinedGroupList,
];
