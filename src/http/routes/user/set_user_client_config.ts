/** Protocol: rest-core.md 7.13. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/user/set_user_client_config',
  summary: 'Adds or replaces settings for clients; only for admins',
  description: 'Clients are not told; they read them at their next login.',
  access: 'admin',
  example: { userID: 'alice', configs: { theme: 'dark' } },
  takesLargeBody: true,
  request: Wire.object({
    userID: Wire.id({ description: 'empty: for everybody' }),
    configs: Wire.map(Wire.string()),
  }),
  handle: (call, { userID, configs }, { clientConfigs }) => clientConfigs.set(call, userID, configs),
});
