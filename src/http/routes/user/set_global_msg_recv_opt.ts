/** Protocol: rest-core.md 7.6. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/user/set_global_msg_recv_opt',
  summary: 'Says whether a user receives messages at all',
  access: self('userID'),
  required: ['userID'],
  example: { userID: 'alice', globalRecvMsgOpt: 0 },
  request: Wire.object({
    userID: Wire.id(),
    globalRecvMsgOpt: Wire.int32({ description: '0 receive, 1 do not receive, 2 receive without notification' }),
  }),
  handle: async (call, { userID, globalRecvMsgOpt }, { users }) => {
    await users.updateEx(call, userID, { nickname: null, faceURL: null, ex: null, globalRecvMsgOpt });
  },
});
