/** Protocol: conversations-messages.md 7.5. */
import { toProtocolConversation } from '../../../conversations/conversation.ts';
import { Wire } from '../../../protocol/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { conversation } from './wire.ts';

export default endpoint({
  path: '/conversation/get_incremental_conversations',
  summary: "Gives what changed of a user's conversations since a version",
  description: 'full: the version is not known or too old; read everything.',
  access: 'token',
  request: Wire.object({ userID: Wire.string(), version: Wire.uint64(), versionID: Wire.string() }),
  response: Wire.object({
    version: Wire.uint64(),
    versionID: Wire.string(),
    full: Wire.bool(),
    delete: Wire.list(Wire.string()),
    insert: Wire.list(conversation),
    update: Wire.list(conversation),
  }),
  handle: async (call, body, { conversations }) => {
    const { inserted, updated, deleted, ...head } = await conversations.changesSince(call, body.userID, body);
    return {
      ...head,
      delete: deleted,
      insert: inserted.map(toProtocolConversation),
      update: updated.map(toProtocolConversation),
    };
  },
});
