/** Protocol: relations-groups.md 5.3. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/delete_friend',
  summary: "Takes a friend off a user's list",
  description:
    "The other's list stays as it is. The owner's devices are told by notification 1205; who is no friend is none afterwards.",
  access: self('ownerUserID'),
  required: ['ownerUserID', 'friendUserID'],
  example: { ownerUserID: 'alice', friendUserID: 'bob' },
  request: Wire.object({ ownerUserID: Wire.id(), friendUserID: Wire.id() }),
  handle: (call, body, { friends }) => friends.remove(call, body.ownerUserID, body.friendUserID),
});
