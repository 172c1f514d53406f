/** Protocol: relations-groups.md 5.4. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/set_friend_remark',
  summary: 'Sets what a user calls a friend',
  description: "The owner's devices are told by notification 1206. Clients use `/friend/update_friends`.",
  access: self('ownerUserID'),
  required: ['ownerUserID', 'friendUserID'],
  example: { ownerUserID: 'alice', friendUserID: 'bob', remark: 'Bobby' },
  request: Wire.object({
    ownerUserID: Wire.id(),
    friendUserID: Wire.id(),
    remark: Wire.string({ description: 'empty: none any more' }),
  }),
  handle: (call, body, { friends }) => friends.setRemark(call, body.ownerUserID, body.friendUserID, body.remark),
});
