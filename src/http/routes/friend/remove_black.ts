/** Protocol: relations-groups.md 5.8. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/remove_black',
  summary: 'Unblocks a user',
  description: "The owner's devices are told by notification 1208. Who is not blocked stays so.",
  access: self('ownerUserID'),
  required: ['ownerUserID', 'blackUserID'],
  example: { ownerUserID: 'alice', blackUserID: 'bob' },
  request: Wire.object({ ownerUserID: Wire.id(), blackUserID: Wire.id() }),
  handle: (call, body, { blackList }) => blackList.remove(call, body.ownerUserID, body.blackUserID),
});
