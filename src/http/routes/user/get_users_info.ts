/** Protocol: rest-core.md 7.3. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { toUserInfo } from '../../../users/user.ts';
import { endpoint } from '../../endpoint.ts';
import { userInfo } from '../../objects/user.ts';

export default endpoint({
  path: '/user/get_users_info',
  summary: 'Gives users',
  description: 'Users that are not registered are left out.',
  access: 'anyone',
  required: ['userIDs'],
  example: { userIDs: ['alice', 'bob'] },
  takesLargeBody: true,
  request: Wire.object({ userIDs: Wire.list(Wire.id()) }),
  response: Wire.object({ usersInfo: Wire.list(userInfo) }),
  handle: async (_call, body, { users }) => ({ usersInfo: (await users.find(body.userIDs)).map(toUserInfo) }),
});
