/** What the endpoints that issue tokens take and answer in common. */
import { Wire } from '../../protocol/wire/wire-schema.ts';

/** Optional, and unknown to callers written for OpenIM. */
export const tokenWishes = {
  expireTimeSeconds: Wire.int64({
    description: 'Lifetime of this token in seconds, from 1 to `TESSERA_MAX_TOKEN_TTL`; 0 or absent: as configured.',
  }),
  deviceName: Wire.string({
    description: 'A label for lists of tokens, at most 64 characters (`TESSERA_MAX_DEVICE_NAME_LENGTH`).',
  }),
};

export const issuedToken = Wire.object(
  {
    token: Wire.string({ description: 'For the `token` header and the socket handshake.' }),
    expireTimeSeconds: Wire.int64({ description: 'How long the token is valid, in seconds from now.' }),
  },
  { title: 'IssuedToken' },
);
