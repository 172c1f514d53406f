/** Protocol: rest-core.md 7.8. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/user/account_check',
  summary: 'Says which users are registered; only for admins',
  access: 'admin',
  required: ['checkUserIDs'],
  example: { checkUserIDs: ['alice', 'bob'] },
  takesLargeBody: true,
  request: Wire.object({ checkUserIDs: Wire.list(Wire.id()) }),
  response: Wire.object({
    results: Wire.list(
      Wire.object({
        userID: Wire.id(),
        accountStatus: Wire.int32({ description: '1 registered, 0 not' }),
      }),
    ),
  }),
  handle: async (call, body, { users }) => {
    const results = await users.accountCheck(call, body.checkUserIDs);
    return { results: results.map(({ userID, isRegistered }) => ({ userID, accountStatus: isRegistered ? 1 : 0 })) };
  },
});
