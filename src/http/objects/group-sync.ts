/** What has changed of a group's members (relations-groups chapter, 10.5). */
import { toGroupInfo, toMemberInfo } from '../../groups/group.ts';
import type { MemberChanges } from '../../groups/group-sync.ts';
import { Wire } from '../../protocol/wire/wire-schema.ts';
import { groupInfo, groupMember } from './group.ts';
import { changesOf, toChanges } from './sync.ts';

export const memberChanges = Wire.object(
  {
    ...changesOf(groupMember),
    group: Wire.nullable(groupInfo, { description: 'as it is now, if it or its members have changed' }),
    sortVersion: Wire.uint64({ description: 'at which the order last changed; 0 if it has not' }),
  },
  { title: 'GroupMemberChanges' },
);

export function toMemberChanges(changes: MemberChanges) {
  return {
    ...toChanges(changes, toMemberInfo),
    group: changes.group === null ? null : toGroupInfo(changes.group),
  };
}
