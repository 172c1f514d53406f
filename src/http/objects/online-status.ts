/** Pieces that the endpoints about who is online have in common (rest-core chapter, 7.10). */

import { Wire } from '../../protocol/wire/wire-schema.ts';
import { platformID } from './platform.ts';

export const status = Wire.int32({ description: '1 online, 0 offline', enum: [0, 1] });

export const statusList = Wire.object(
  {
    statusList: Wire.list(Wire.object({ userID: Wire.id(), status, platformIDs: Wire.list(platformID) })),
  },
  { title: 'OnlineStatuses' },
);

/** The jti and not the token: bearer tokens are kept nowhere (promise T6). */
export const tokenIdentifier = Wire.id({
  description: "the `jti` of the connection's token, as /auth/revoke_token takes it; this server keeps no tokens",
});

/** @param connected what the user is online with */
export function toStatus(connected: readonly unknown[]): number {
  return connected.length > 0 ? 1 : 0;
}
