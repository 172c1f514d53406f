/** Ends one token. See docs/tokens.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/auth/revoke_token',
  summary: "Ends one token: one's own, or for admins anybody's",
  description: 'It answers 1506 from now on, and its sockets are told so and closed.',
  access: self('userID'),
  example: { jti: 'as-list-tokens-shows-it', userID: 'alice' },
  request: Wire.object({
    token: Wire.string({ description: 'Either the token itself' }),
    jti: Wire.id({ description: 'or its `jti`' }),
    userID: Wire.id({ description: 'beside `jti`: whose token it is; the caller if empty.' }),
  }),
  response: Wire.object({ revoked: Wire.int32({ description: '1, or 0 if it had ended already' }) }),
  handle: async (call, body, { authority }) => ({ revoked: await authority.revokeToken(call, body) }),
});
