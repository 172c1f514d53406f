import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/set_conversation_has_read_seq',
  summary: "Move a user's read position without a receipt to the peer",
  access: self('userID'),
  required: ['conversationID', 'userID', 'hasReadSeq'],
  example: { conversationID: 'si_alice_bob', userID: 'alice', hasReadSeq: 1 },
  request: Wire.object({ conversationID: Wire.id(), userID: Wire.id(), hasReadSeq: Wire.int64() }),
  handle: (call, body, { readState }) => readState.setPosition(call, body),
});
