/** Protocol: conversations-messages.md 7.2. */
import { toProtocolConversation } from '../../../conversations/conversation.ts';
import { mapInSlices } from '../../../kernel/time-slices.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { conversation } from '../../objects/conversation.ts';

export default endpoint({
  path: '/conversation/get_all_conversations',
  summary: 'Gives all conversations of a user',
  description: 'In order of creation.',
  access: self('ownerUserID'),
  required: ['ownerUserID'],
  example: { ownerUserID: 'alice' },
  request: Wire.object({ ownerUserID: Wire.id() }),
  response: Wire.object({ conversations: Wire.list(conversation) }),
  handle: async (call, body, { conversations }) => {
    const rows = await conversations.all(call, body.ownerUserID);
    return { conversations: await mapInSlices(rows, toProtocolConversation) };
  },
});
