/** Protocol: conversations-messages.md 7.2. */
import { toProtocolConversation } from '../../../conversations/conversation.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { conversation } from '../../objects/conversation.ts';

export default endpoint({
  path: '/conversation/get_conversation',
  summary: 'Gives one conversation of a user',
  access: self('ownerUserID'),
  required: ['conversationID', 'ownerUserID'],
  example: { conversationID: 'si_alice_bob', ownerUserID: 'alice' },
  request: Wire.object({ conversationID: Wire.id(), ownerUserID: Wire.id() }),
  response: Wire.object({ conversation: Wire.nullable(conversation) }),
  handle: async (call, body, { conversations }) => ({
    conversation: toProtocolConversation(await conversations.find(call, body.ownerUserID, body.conversationID)),
  }),
});
