/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';
import { memberChanges, toMemberChanges } from '../../objects/group-sync.ts';
import { sinceHead } from '../../objects/sync.ts';

export default endpoint({
  path: '/group/get_incremental_group_members',
  summary: "Gives what changed of a group's members, and of the group, since a version",
  access: inGroup('groupID', 'member'),
  example: { groupID: 'team', version: 0, versionID: '' },
  request: Wire.object({ groupID: Wire.id(), ...sinceHead }),
  response: memberChanges,
  handle: async (call, { groupID, ...since }, { groupSync }) =>
    toMemberChanges(await groupSync.membersSince(call, groupID, since)),
});
