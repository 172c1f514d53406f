/** Protocol: conversations-messages.md 9.9. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { deleteSyncOpt } from '../../objects/delete-sync-opt.ts';

export default endpoint({
  path: '/msg/delete_msgs',
  summary: 'Delete messages for oneself, or for everybody',
  description:
    "With IsSyncOther they are erased for everybody: in single chats by either side, in a group by its owner and admins. The user's own devices (IsSyncSelf), or everybody, get notification 2102.",
  access: self('userID'),
  required: ['conversationID', 'seqs', 'userID'],
  example: { conversationID: 'si_alice_bob', seqs: [1], userID: 'alice' },
  request: Wire.object({
    conversationID: Wire.id(),
    seqs: Wire.list(Wire.int64(), { description: 'each at least 1; unknown ones are ignored' }),
    clientMsgIDs: Wire.list(Wire.id(), {
      description: "of the user's own messages whose seqs a client does not know yet; not in OpenIM",
    }),
    userID: Wire.id(),
    deleteSyncOpt,
  }),
  handle: (call, body, { deletions }) => deletions.delete(call, body),
});
