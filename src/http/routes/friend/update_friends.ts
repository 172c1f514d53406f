/** Protocol: relations-groups.md 5.5. */

import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { keptIfNull } from '../../objects/kept-if-null.ts';

export default endpoint({
  path: '/friend/update_friends',
  summary: 'Sets remark, pin or ex of some friends',
  description: "Users who are not friends are passed over. The owner's devices are told by notification 1210.",
  access: self('ownerUserID'),
  required: ['ownerUserID', 'friendUserIDs'],
  example: { ownerUserID: 'alice', friendUserIDs: ['bob'], isPinned: true },
  request: Wire.object({
    ownerUserID: Wire.id(),
    friendUserIDs: Wire.list(Wire.id(), { description: 'up to 1000, each once' }),
    isPinned: Wire.boolValue(keptIfNull),
    remark: Wire.stringValue(keptIfNull),
    ex: Wire.stringValue(keptIfNull),
  }),
  handle: async (call, { ownerUserID, friendUserIDs, ...changes }, { friends }) => {
    await friends.update(call, ownerUserID, friendUserIDs, changes);
  },
});
