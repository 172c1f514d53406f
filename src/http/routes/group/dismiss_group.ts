/** Protocol: relations-groups.md 8.9. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';
import { sendMessage } from '../../objects/group.ts';

export default endpoint({
  path: '/group/dismiss_group',
  summary: 'Ends a group',
  description:
    'For its owner and for IM admins: others are refused with 1002. Nobody is in the group any more and nothing can be said in it; its members keep what was said. Notification 1511 tells them.',
  access: inGroup('groupID', 'owner'),
  required: ['groupID'],
  example: { groupID: 'team' },
  request: Wire.object({
    groupID: Wire.id(),
    deleteMember: Wire.bool({ description: 'without effect: members always go' }),
    sendMessage,
  }),
  handle: async (call, { groupID, sendMessage: isSendMsg }, { groupOwnership }) => {
    await groupOwnership.dismiss(call, groupID, isSendMsg);
  },
});
