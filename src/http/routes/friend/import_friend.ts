/** Protocol: relations-groups.md 5.6. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/import_friend',
  summary: 'Makes users friends of a user without asking them',
  description:
    'In both directions. Each that was no friend yet is told by notification 1201, which is also shown in the chat.',
  access: 'admin',
  required: ['ownerUserID', 'friendUserIDs'],
  example: { ownerUserID: 'alice', friendUserIDs: ['bob'] },
  request: Wire.object({
    ownerUserID: Wire.id(),
    friendUserIDs: Wire.list(Wire.id(), { description: 'up to 1000, each once' }),
  }),
  handle: (call, body, { friends }) => friends.import(call, body.ownerUserID, body.friendUserIDs),
});
