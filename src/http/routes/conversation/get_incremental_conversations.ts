/** Protocol: conversations-messages.md 7.5. */
import { toProtocolConversation } from '../../../conversations/conversation.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { conversation } from '../../objects/conversation.ts';
import { changesOf, sinceVersion, toChanges } from '../../objects/sync.ts';

export default endpoint({
  path: '/conversation/get_incremental_conversations',
  summary: "Gives what changed of a user's conversations since a version",
  access: self('userID'),
  example: { userID: 'alice', version: 0, versionID: '' },
  request: sinceVersion,
  response: Wire.object(changesOf(conversation)),
  handle: async (call, body, { conversations }) =>
    toChanges(await conversations.changesSince(call, body.userID, body), toProtocolConversation),
});
