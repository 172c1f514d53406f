/** Protocol: rest-core.md 7.4. */

import { errors } from '../../../protocol/errors.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { keptIfNull } from '../../objects/kept-if-null.ts';

export default endpoint({
  path: '/user/update_user_info_ex',
  summary: 'Changes what is set of a user',
  description: "Only for the user and for admins. The user's devices are told by notification 1303.",
  access: self('userInfo.userID'),
  required: ['userInfo'],
  example: { userInfo: { userID: 'alice', nickname: 'Alice' } },
  request: Wire.object({
    userInfo: Wire.nullable(
      Wire.object({
        userID: Wire.id(),
        nickname: Wire.stringValue(keptIfNull),
        faceURL: Wire.stringValue(keptIfNull),
        ex: Wire.stringValue(keptIfNull),
        globalRecvMsgOpt: Wire.int32Value(keptIfNull),
      }),
    ),
  }),
  handle: async (call, body, { users }) => {
    if (body.userInfo === null) throw errors.args('userInfo is empty');
    const { userID, ...changes } = body.userInfo;
    await users.updateEx(call, userID, changes, 'ex');
  },
});
