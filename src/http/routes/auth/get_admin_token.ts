/** Protocol: rest-core.md 6. */
import { Wire } from '../../../protocol/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { issuedToken } from './issued-token.ts';

export default endpoint({
  path: '/auth/get_admin_token',
  summary: 'Gives an admin a token, for the admin secret',
  description: "The admin's earlier tokens are accepted for five more minutes.",
  access: 'public',
  request: Wire.object({
    secret: Wire.string({ description: 'The admin secret of this deployment.' }),
    userID: Wire.string({ description: 'One of the configured admins.' }),
  }),
  response: issuedToken,
  handle: (_call, body, { authority }) => authority.issueAdminToken(body),
});
