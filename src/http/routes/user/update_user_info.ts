/** Protocol: rest-core.md 7.5. */
import { errors } from '../../../protocol/errors.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { userInfo } from '../../objects/user.ts';

export default endpoint({
  path: '/user/update_user_info',
  summary: 'Changes what is not empty or 0 of a user; update_user_info_ex can clear it, too',
  access: self('userInfo.userID'),
  required: ['userInfo'],
  example: { userInfo: { userID: 'alice', nickname: 'Alice' } },
  request: Wire.object({ userInfo: Wire.nullable(userInfo) }),
  handle: async (call, body, { users }) => {
    if (body.userInfo === null) throw errors.args('userInfo is empty');
    const { userID, nickname, faceURL, ex, globalRecvMsgOpt } = body.userInfo;
    const changes = {
      nickname: nickname || null,
      faceURL: faceURL || null,
      ex: ex || null,
      globalRecvMsgOpt: globalRecvMsgOpt || null,
    };
    await users.updateEx(call, userID, changes, 'plain');
  },
});
