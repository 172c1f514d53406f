/** Protocol: conversations-messages.md 9.8. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/mark_msgs_as_read',
  summary: 'Mark messages as read, up to the last one named',
  description: 'The peer of a single chat, and a group, gets a read receipt (notification 2200).',
  access: self('userID'),
  required: ['conversationID', 'userID', 'seqs'],
  example: { conversationID: 'si_alice_bob', userID: 'alice', seqs: [1] },
  request: Wire.object({
    conversationID: Wire.id(),
    userID: Wire.id(),
    seqs: Wire.list(Wire.int64(), { description: 'each at least 1; the last is how far was read' }),
  }),
  handle: (call, body, { readState }) => readState.markMessages(call, body),
});
