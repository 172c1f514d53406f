/** Protocol: conversations-messages.md 9.9. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { deleteSyncOpt } from '../../objects/delete-sync-opt.ts';

export default endpoint({
  path: '/msg/clear_conversation_msg',
  summary: 'Take all messages of conversations out of sight, for oneself or for everybody',
  description:
    'What the user does not have is ignored. With IsSyncOther, for which rights are those of delete_msgs, everybody gets notification 1703.',
  access: self('userID'),
  required: ['conversationIDs', 'userID'],
  example: { conversationIDs: ['si_alice_bob'], userID: 'alice' },
  request: Wire.object({ conversationIDs: Wire.list(Wire.id()), userID: Wire.id(), deleteSyncOpt }),
  handle: (call, { userID, conversationIDs, deleteSyncOpt }, { clearings }) =>
    clearings.clear(call, userID, conversationIDs, deleteSyncOpt),
});
