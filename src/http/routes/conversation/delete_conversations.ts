/** Protocol: conversations-messages.md 7.2. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/conversation/delete_conversations',
  summary: "Takes conversations off a user's list until the next message",
  description:
    'Those named, or those in which nothing was said for needDeleteTime days. Their settings go; messages, read positions and what the user may read stay.',
  access: self('ownerUserID'),
  required: ['ownerUserID', 'conversationIDs'],
  example: { ownerUserID: 'alice', conversationIDs: ['si_alice_bob'] },
  request: Wire.object({
    ownerUserID: Wire.id(),
    needDeleteTime: Wire.int64({ description: 'days; instead of conversationIDs' }),
    conversationIDs: Wire.list(Wire.id(), {
      description: 'instead of needDeleteTime; those that are not there are passed over',
    }),
  }),
  handle: (call, body, { conversationDeletions }) => conversationDeletions.delete(call, body.ownerUserID, body),
});
