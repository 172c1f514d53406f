/** Protocol: rest-core.md 7.13. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/user/del_user_client_config',
  summary: 'Removes settings for clients; only for admins',
  description: 'Keys that are not set are no error.',
  access: 'admin',
  example: { userID: 'alice', keys: ['theme'] },
  takesLargeBody: true,
  request: Wire.object({
    userID: Wire.id({ description: 'empty: those for everybody' }),
    keys: Wire.list(Wire.id()),
  }),
  handle: (call, { userID, keys }, { clientConfigs }) => clientConfigs.remove(call, userID, keys),
});
