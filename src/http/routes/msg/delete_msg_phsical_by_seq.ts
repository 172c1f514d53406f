/** Protocol: conversations-messages.md 9.9. The path is misspelt as clients have it. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/delete_msg_phsical_by_seq',
  summary: 'Erase messages for everybody, without telling anybody',
  access: 'admin',
  required: ['conversationID', 'seqs'],
  example: { conversationID: 'si_alice_bob', seqs: [1] },
  request: Wire.object({
    conversationID: Wire.id(),
    seqs: Wire.list(Wire.int64(), { description: 'each at least 1; unknown ones are ignored' }),
  }),
  handle: (call, { conversationID, seqs }, { eraser }) => eraser.eraseSeqs(call, conversationID, seqs),
});
