/** Protocol: rest-core.md 7.10. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { status, tokenIdentifier, toStatus } from '../../objects/online-status.ts';
import { platformID } from '../../objects/platform.ts';

export default endpoint({
  path: '/user/get_users_online_status',
  summary: 'Lists the open connections of users; only for admins',
  description:
    'In the order asked, one detail per connection. In place of the token that OpenIM gives there is its `jti`.',
  access: 'admin',
  example: { userIDs: ['alice', 'bob'] },
  strictBind: true,
  takesLargeBody: true,
  request: Wire.object({ userIDs: Wire.list(Wire.id()) }),
  response: Wire.list(
    Wire.object({
      userID: Wire.id(),
      status,
      detailPlatformStatus: Wire.list(
        Wire.object({
          platformID,
          connID: Wire.id({ description: 'names the connection in the log' }),
          isBackground: Wire.bool(),
          token: tokenIdentifier,
        }),
      ),
    }),
  ),
  handle: async (call, { userIDs }, { onlineStatus }) => {
    const users = await onlineStatus.connections(call, userIDs);
    return users.map(({ userID, connections }) => ({
      userID,
      status: toStatus(connections),
      detailPlatformStatus: connections.map(({ platformID, connID, isBackground, jti }) => ({
        platformID,
        connID,
        isBackground,
        token: jti,
      })),
    }));
  },
});
