/** Protocol: beyond-openim.md 2. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/get_group_read_counts',
  summary: 'How many members of a group have read messages',
  description: 'Of own messages; owner and admins of the group may ask of all.',
  access: self('userID'),
  required: ['conversationID', 'userID', 'seqs'],
  example: { conversationID: 'sg_team', userID: 'alice', seqs: [2] },
  request: Wire.object({ conversationID: Wire.id(), userID: Wire.id(), seqs: Wire.list(Wire.int64()) }),
  response: Wire.object({
    messages: Wire.list(
      Wire.object({
        seq: Wire.int64(),
        readCount: Wire.int32(),
        unreadCount: Wire.int32({ description: 'members who could read it and have not' }),
      }),
    ),
  }),
  handle: async (call, body, { groupReceipts }) => ({ messages: [...(await groupReceipts.counts(call, body))] }),
});
