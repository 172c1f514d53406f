/** Protocol: relations-groups.md 8.4. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';
import { sendMessage } from '../../objects/group.ts';

export default endpoint({
  path: '/group/invite_user_to_group',
  summary: 'Takes users into a group, or proposes them',
  description:
    'For members, and for IM admins: others are refused with 1002. Users join at once, and notification 1509 tells all members; in a group with needVerification 1 those whom an ordinary member invites are proposed to owner and admins by 1503. Users who are in the group are passed over.',
  access: inGroup('groupID', 'member'),
  required: ['groupID', 'invitedUserIDs'],
  example: { groupID: 'team', invitedUserIDs: ['carol'] },
  request: Wire.object({
    groupID: Wire.id(),
    reason: Wire.string({ description: 'for the webhook; not kept' }),
    invitedUserIDs: Wire.list(Wire.id(), { description: 'at most 1000' }),
    sendMessage,
  }),
  handle: async (call, body, { groupMembers }) => {
    await groupMembers.invite(call, body.groupID, body.invitedUserIDs, body.sendMessage, body.reason);
  },
});
