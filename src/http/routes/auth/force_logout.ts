/** Protocol: rest-core.md 6. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { platformID } from '../../objects/platform.ts';

export default endpoint({
  path: '/auth/force_logout',
  summary: "Ends a user's sessions on one platform; only for admins",
  description: 'Their tokens answer 1506 from now on, and their sockets are told so and closed.',
  access: 'admin',
  required: ['platformID', 'userID'],
  example: { platformID: 5, userID: 'alice' },
  request: Wire.object({
    platformID: platformID,
    userID: Wire.id(),
  }),
  handle: (call, body, { authority }) => authority.forceLogout(call, body),
});
