/** Protocol: beyond-openim.md 3. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/edit_message',
  summary: 'Replace the text of an own message',
  description:
    'Of texts, markdown, @ and quotes (101, 118, 106, 114). The others are told by a business notification (2001) with the key `tessera.edit`. The same text again changes nothing.',
  access: self('userID'),
  required: ['conversationID', 'seq', 'userID', 'text'],
  example: { conversationID: 'si_alice_bob', seq: 1, userID: 'alice', text: 'what I meant' },
  request: Wire.object({
    conversationID: Wire.id(),
    seq: Wire.int64(),
    userID: Wire.id(),
    text: Wire.string(),
    version: Wire.int32Value({ description: 'how many edits the editor knows of: another number is refused (1001)' }),
  }),
  response: Wire.object({ version: Wire.int32({ description: 'how many edits there are' }) }),
  handle: (call, body, { edits }) => edits.edit(call, body),
});
