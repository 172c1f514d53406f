/** Protocol: conversations-messages.md 7.2. */
import { toProtocolConversation } from '../../../conversations/conversation.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { conversation } from '../../objects/conversation.ts';

export default endpoint({
  path: '/conversation/get_conversations',
  summary: 'Gives several conversations of a user',
  description: 'Conversations that the owner does not have are left out.',
  access: self('ownerUserID'),
  required: ['ownerUserID', 'conversationIDs'],
  example: { ownerUserID: 'alice', conversationIDs: ['si_alice_bob'] },
  request: Wire.object({ ownerUserID: Wire.id(), conversationIDs: Wire.list(Wire.id()) }),
  response: Wire.object({ conversations: Wire.list(conversation) }),
  handle: async (call, body, { conversations }) => {
    const found = await conversations.findMany(call, body.ownerUserID, body.conversationIDs);
    return { conversations: found.map(toProtocolConversation) };
  },
});
