/** Protocol: conversations-messages.md 7.2. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/conversation/update_conversations_by_user',
  summary: 'Sets ex of the conversations that others have with a user',
  description: 'Their devices see it when they sync. Admins only: the rows are those of other people.',
  access: 'admin',
  required: ['userID'],
  example: { userID: 'alice', ex: 'a bot' },
  request: Wire.object({
    userID: Wire.id(),
    ex: Wire.stringValue({ description: 'null or absent: nothing is changed' }),
  }),
  handle: (call, { userID, ex }, { conversationSettings }) => conversationSettings.setExOfPeer(call, userID, ex),
});
