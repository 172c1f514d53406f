/** Protocol: conversations-messages.md 9.9. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/delete_msg_physical',
  summary: 'Erase what is older than so many seconds in conversations, for everybody, without telling anybody',
  access: 'admin',
  required: ['conversationIDs', 'timestamp'],
  example: { conversationIDs: ['si_alice_bob'], timestamp: 31_536_000 },
  request: Wire.object({
    conversationIDs: Wire.list(Wire.id()),
    timestamp: Wire.int64({ description: 'how old they are at least, in seconds; at least 1' }),
  }),
  handle: (call, { conversationIDs, timestamp }, { eraser }) => eraser.eraseOlderThan(call, conversationIDs, timestamp),
});
