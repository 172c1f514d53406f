/** Protocol: conversations-messages.md 9.7. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/revoke_msg',
  summary: 'Take a message back, for everybody',
  description:
    'The sender may; in a group its owner, too, and its admins what ordinary members have said. Both sides, or the group, get notification 2101, and whoever reads the message later sees who took it back instead.',
  access: self('userID'),
  required: ['conversationID', 'seq', 'userID'],
  example: { conversationID: 'si_alice_bob', seq: 1, userID: 'alice' },
  request: Wire.object({ conversationID: Wire.id(), seq: Wire.int64(), userID: Wire.id() }),
  handle: (call, body, { revocations }) => revocations.revoke(call, body),
});
