/** Protocol: relations-groups.md 8.7. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';
import { sendMessage } from '../../objects/group.ts';

export default endpoint({
  path: '/group/kick_group',
  summary: 'Puts members out of a group',
  description:
    'The owner and IM admins may kick everybody but the owner, admins of the group ordinary members: others are refused with 1002. Notification 1508 tells all members and those who were kicked.',
  access: inGroup('groupID', 'manager'),
  required: ['groupID', 'kickedUserIDs'],
  example: { groupID: 'team', kickedUserIDs: ['bob'] },
  request: Wire.object({
    groupID: Wire.id(),
    kickedUserIDs: Wire.list(Wire.id(), { description: 'at most 1000' }),
    reason: Wire.string({ description: 'for the webhook; not kept' }),
    sendMessage,
  }),
  handle: async (call, body, { groupMembers }) => {
    await groupMembers.kick(call, body.groupID, body.kickedUserIDs, body.sendMessage, body.reason);
  },
});
