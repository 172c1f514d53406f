import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/mark_conversation_as_read',
  summary: 'Mark a conversation as read up to a seq',
  description: 'In a single chat the peer gets a read receipt (notification 2200).',
  access: self('userID'),
  required: ['conversationID', 'userID', 'hasReadSeq'],
  example: { conversationID: 'si_alice_bob', userID: 'alice', hasReadSeq: 1 },
  request: Wire.object({
    conversationID: Wire.id(),
    userID: Wire.id(),
    hasReadSeq: Wire.int64(),
    seqs: Wire.list(Wire.int64()),
  }),
  handle: (call, body, { readState }) => readState.markConversation(call, body),
});
