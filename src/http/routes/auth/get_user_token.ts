/** Protocol: rest-core.md 6. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { issuedToken, tokenWishes } from '../../objects/issued-token.ts';
import { platformID } from '../../objects/platform.ts';

export default endpoint({
  path: '/auth/get_user_token',
  summary: "Gives a user's device a token; only for admins",
  description: "Ends those of the user's other sessions for which the login policy leaves no room.",
  access: 'admin',
  required: ['platformID', 'userID'],
  example: { platformID: 5, userID: 'alice' },
  request: Wire.object({
    platformID,
    userID: Wire.id(),
    ...tokenWishes,
  }),
  response: issuedToken,
  handle: (call, body, { authority }) => authority.issueUserToken(call, body),
});
