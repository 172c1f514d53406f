/** Protocol: beyond-openim.md 2. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { pageRequest } from '../../objects/page.ts';

export default endpoint({
  path: '/msg/get_group_readers',
  summary: 'Which members of a group have read a message, or have not',
  description: 'In order of their IDs, page by page. Of an own message; owner and admins of the group may ask of all.',
  access: self('userID'),
  required: ['conversationID', 'seq', 'userID'],
  example: { conversationID: 'sg_team', seq: 2, userID: 'alice', hasRead: true },
  request: Wire.object({
    conversationID: Wire.id(),
    seq: Wire.int64(),
    userID: Wire.id(),
    hasRead: Wire.bool({ description: 'who has; else who could and has not' }),
    ...pageRequest,
  }),
  response: Wire.object({
    userIDs: Wire.list(Wire.string()),
    nextCursor: Wire.string({ description: 'empty behind the last page' }),
  }),
  handle: async (call, body, { groupReceipts }) => {
    const { userIDs, nextCursor } = await groupReceipts.readers(call, body);
    return { userIDs: [...userIDs], nextCursor };
  },
});
