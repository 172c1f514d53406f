/** Protocol: rest-core.md 6. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { issuedToken, tokenWishes } from '../../objects/issued-token.ts';

export default endpoint({
  path: '/auth/get_admin_token',
  summary: 'Gives an admin a token, for the admin secret',
  description:
    "The admin's earlier tokens are accepted for five more minutes. After ten wrong secrets within a minute an address is refused with HTTP 429, error 429 and `Retry-After`.",
  access: 'public',
  required: ['secret', 'userID'],
  example: { secret: 'the admin secret', userID: 'imAdmin' },
  request: Wire.object({
    secret: Wire.string({ description: 'The admin secret of this deployment.' }),
    userID: Wire.id({ description: 'One of the configured admins.' }),
    ...tokenWishes,
  }),
  response: issuedToken,
  claimedName: ({ userID }) => userID,
  handle: ({ operationID, origin }, body, { authority }) =>
    authority.issueAdminToken(body, operationID, origin.address),
});
