/** Protocol: relations-groups.md 8.12. */
import { toMemberInfo } from '../../../groups/group.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';
import { groupMember } from '../../objects/group.ts';

export default endpoint({
  path: '/group/get_group_members_info',
  summary: 'Gives members of a group',
  description: 'In the order asked; who is not in the group is left out.',
  access: inGroup('groupID', 'member'),
  required: ['groupID', 'userIDs'],
  example: { groupID: 'team', userIDs: ['alice'] },
  request: Wire.object({ groupID: Wire.id(), userIDs: Wire.list(Wire.id()) }),
  response: Wire.object({ members: Wire.list(groupMember) }),
  handle: async (call, { groupID, userIDs }, { groupQueries }) => ({
    members: (await groupQueries.members(call, groupID, userIDs)).map(toMemberInfo),
  }),
});
