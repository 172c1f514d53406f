/** Protocol: relations-groups.md 8.12. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';

export default endpoint({
  path: '/group/get_group_member_user_id',
  summary: 'Gives the IDs of all members of a group',
  description: 'By role from above, then as they came.',
  access: inGroup('groupID', 'member'),
  required: ['groupID'],
  example: { groupID: 'team' },
  request: Wire.object({ groupID: Wire.id() }),
  response: Wire.object({ userIDs: Wire.list(Wire.id()) }),
  handle: async (call, { groupID }, { groupSync }) => ({ userIDs: await groupSync.memberIDs(call, groupID) }),
});
