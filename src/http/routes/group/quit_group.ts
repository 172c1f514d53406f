/** Protocol: relations-groups.md 8.6. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/group/quit_group',
  summary: 'Leaves a group',
  description: 'Not for its owner: 1002. Notification 1504 tells all members and who has left.',
  access: self('userID'),
  required: ['groupID'],
  example: { groupID: 'team', userID: 'alice' },
  request: Wire.object({ groupID: Wire.id(), userID: Wire.id({ description: 'empty: the caller' }) }),
  handle: async (call, { groupID, userID }, { groupMembers }) => {
    await groupMembers.quit(call, groupID, userID);
  },
});
