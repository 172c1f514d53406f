/** Protocol: rest-core.md 7.10. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { status, tokenIdentifier } from '../../objects/online-status.ts';
import { platformID } from '../../objects/platform.ts';

export default endpoint({
  path: '/user/get_users_online_token_detail',
  summary: 'Lists the tokens with which users are connected; only for admins',
  description:
    'Only users who are online, in the order asked; per platform one entry in `token` for each connection. In place of the tokens that OpenIM gives there are their `jti`s.',
  access: 'admin',
  example: { userIDs: ['alice', 'bob'] },
  strictBind: true,
  takesLargeBody: true,
  request: Wire.object({ userIDs: Wire.list(Wire.id()) }),
  response: Wire.list(
    Wire.object({
      userID: Wire.id(),
      status,
      singlePlatformToken: Wire.list(
        Wire.object({
          platformID,
          total: Wire.int32({ description: 'of the connections' }),
          token: Wire.list(tokenIdentifier),
        }),
      ),
    }),
  ),
  handle: async (call, { userIDs }, { onlineStatus }) => {
    const users = await onlineStatus.tokens(call, userIDs);
    return users.map(({ userID, platforms }) => ({
      userID,
      status: 1,
      singlePlatformToken: platforms.map(({ platformID, jtis }) => ({ platformID, total: jtis.length, token: jtis })),
    }));
  },
});
