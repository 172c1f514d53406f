/** What both endpoints that issue tokens answer. */
import { Wire } from '../../../protocol/wire-schema.ts';

export const issuedToken = Wire.object({
  token: Wire.string({ description: 'For the `token` header and the socket handshake.' }),
  expireTimeSeconds: Wire.int64({ description: 'How long the token is valid, in seconds from now.' }),
});
