/** A fresh token for the device that calls. See docs/tokens.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { issuedToken, tokenWishes } from '../../objects/issued-token.ts';

export default endpoint({
  path: '/auth/renew_token',
  summary: 'Gives the device that calls a fresh token',
  description:
    'It takes the place of the token of the call, which is accepted for one more minute; asked again within that minute, it answers the same fresh token. That never lives longer than the old one was given at its issue. Without a `deviceName` it keeps the name.',
  access: 'anyone',
  example: { deviceName: 'a laptop' },
  request: Wire.object(tokenWishes),
  response: issuedToken,
  handle: (call, body, { authority }) => authority.renewToken(call, body),
});
