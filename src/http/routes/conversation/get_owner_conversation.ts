/** Protocol: conversations-messages.md 7.2. */
import { toProtocolConversation } from '../../../conversations/conversation.ts';
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { conversation } from '../../objects/conversation.ts';

export default endpoint({
  path: '/conversation/get_owner_conversation',
  summary: 'Gives a page of the conversations of a user',
  description: 'In order of creation.',
  access: self('userID'),
  example: { userID: 'alice', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({ userID: Wire.id(), pagination: wirePagination }),
  response: Wire.object({ total: Wire.int64(), conversations: Wire.list(conversation) }),
  handle: async (call, body, { conversations }) => {
    const { total, rows } = await conversations.page(call, body.userID, body.pagination);
    return { total, conversations: rows.map(toProtocolConversation) };
  },
});
