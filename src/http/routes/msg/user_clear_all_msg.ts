/** Protocol: conversations-messages.md 9.9. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { deleteSyncOpt } from '../../objects/delete-sync-opt.ts';

export default endpoint({
  path: '/msg/user_clear_all_msg',
  summary: 'Take all messages of all conversations out of sight: see clear_conversation_msg',
  access: self('userID'),
  required: ['userID'],
  example: { userID: 'alice' },
  request: Wire.object({ userID: Wire.id(), deleteSyncOpt }),
  handle: (call, { userID, deleteSyncOpt }, { clearings }) => clearings.clearAll(call, userID, deleteSyncOpt),
});
