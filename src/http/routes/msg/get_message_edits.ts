/** Protocol: beyond-openim.md 3. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/get_message_edits',
  summary: 'What a message said before it was edited',
  description: 'For its sender; in a group for owner and admins, too. The first one is the original.',
  access: self('userID'),
  required: ['conversationID', 'seq', 'userID'],
  example: { conversationID: 'si_alice_bob', seq: 1, userID: 'alice' },
  request: Wire.object({ conversationID: Wire.id(), seq: Wire.int64(), userID: Wire.id() }),
  response: Wire.object({
    edits: Wire.list(
      Wire.object({
        version: Wire.int32({ description: '1 is the first edit' }),
        earlierText: Wire.string({ description: 'what it has replaced' }),
        time: Wire.int64({ description: 'of the edit, Unix ms' }),
      }),
    ),
  }),
  handle: async (call, body, { edits }) => {
    const found = await edits.history(call, body);
    return { edits: found.map(({ version, earlierText, editedAt }) => ({ version, earlierText, time: editedAt })) };
  },
});
