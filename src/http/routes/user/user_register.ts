/** Protocol: rest-core.md 7.2. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { userInfo } from '../../objects/user.ts';

export default endpoint({
  path: '/user/user_register',
  summary: 'Registers users; only for admins',
  description: 'All of them are registered, or none.',
  access: 'admin',
  required: ['users'],
  example: {
    users: [
      { userID: 'alice', nickname: 'Alice' },
      { userID: 'bob', nickname: 'Bob' },
    ],
  },
  takesLargeBody: true,
  request: Wire.object({ users: Wire.list(userInfo) }),
  handle: (call, body, { users }) =>
    users.register(
      call,
      body.users.map(({ appMangerLevel, createTime: _ignored, ...user }) => ({
        ...user,
        appManagerLevel: appMangerLevel,
      })),
    ),
});
