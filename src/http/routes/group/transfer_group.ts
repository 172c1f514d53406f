/** Protocol: relations-groups.md 8.8. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/group/transfer_group',
  summary: 'Makes another member the owner of a group',
  description: 'The two change roles; a new owner who is muted is so no more. Notification 1507 tells all members.',
  access: self('oldOwnerUserID'),
  required: ['groupID', 'oldOwnerUserID', 'newOwnerUserID'],
  example: { groupID: 'team', oldOwnerUserID: 'alice', newOwnerUserID: 'bob' },
  request: Wire.object({ groupID: Wire.id(), oldOwnerUserID: Wire.id(), newOwnerUserID: Wire.id() }),
  handle: async (call, body, { groupOwnership }) => {
    await groupOwnership.transfer(call, body.groupID, body.oldOwnerUserID, body.newOwnerUserID);
  },
});
