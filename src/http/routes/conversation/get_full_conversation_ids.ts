/** Protocol: conversations-messages.md 7.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { idsHead, knownIDs } from '../../objects/sync.ts';

export default endpoint({
  path: '/conversation/get_full_conversation_ids',
  summary: 'Gives the IDs of all conversations of a user',
  description: 'In order of creation; none if idHash tells that the client has them (equal).',
  access: self('userID'),
  example: { userID: 'alice', idHash: 0 },
  request: knownIDs,
  response: Wire.object({ ...idsHead, conversationIDs: Wire.list(Wire.id()) }),
  handle: async (call, body, { conversations }) => {
    const { ids, isEqual, ...head } = await conversations.allIDs(call, body.userID, body.idHash);
    return { ...head, equal: isEqual, conversationIDs: ids };
  },
});
