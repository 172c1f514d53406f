/** Protocol: relations-groups.md 8.3. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/group/join_group',
  summary: 'Joins a group, or asks to',
  description:
    'As the needVerification of the group has it: notification 1510 tells all members, or 1503 those who may let the user in. The user is `inviterUserID`, whatever the name says. A repeated request takes the place of the earlier one.',
  access: self('inviterUserID'),
  required: ['groupID', 'joinSource', 'inviterUserID'],
  example: { groupID: 'team', joinSource: 3, inviterUserID: 'alice', reqMessage: 'Hello' },
  request: Wire.object({
    groupID: Wire.id(),
    reqMessage: Wire.string(),
    joinSource: Wire.int32({ description: '1 by an admin, 2 invitation, 3 search, 4 QR code' }),
    inviterUserID: Wire.id({ description: 'who wants to join' }),
    ex: Wire.string(),
  }),
  handle: async (call, { inviterUserID: userID, reqMessage: reqMsg, ...asked }, { groupRequests }) => {
    await groupRequests.join(call, { ...asked, userID, reqMsg });
  },
});
