/** Protocol: conversations-messages.md 7.2. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/conversation/get_not_notify_conversation_ids',
  summary: 'Gives the IDs of the conversations that a user receives without notification',
  access: self('userID'),
  example: { userID: 'alice' },
  request: Wire.object({ userID: Wire.id() }),
  response: Wire.object({ conversationIDs: Wire.list(Wire.id()) }),
  handle: async (call, body, { conversations }) => ({
    conversationIDs: await conversations.notNotifyIDs(call, body.userID),
  }),
});
