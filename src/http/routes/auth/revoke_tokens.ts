/** Ends many tokens at once. See docs/tokens.md. */

import { platformClasses } from '../../../protocol/numbers/platforms.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { revokeAsAsked } from '../../../tokens/revocation.ts';
import { endpoint, self } from '../../endpoint.ts';
import { platformID } from '../../objects/platform.ts';

export default endpoint({
  path: '/auth/revoke_tokens',
  summary: "Ends a user's tokens, or all that are older than an instant: one's own, or for admins anybody's",
  description:
    'They answer 1506 from now on, and their sockets are told so and closed. `issuedBefore` is the way to end what nobody can list any more, everyone at once; such an instant stays in force and only ever moves forward. A request that contradicts itself is 1001.',
  access: self('userID'),
  example: { userID: 'alice', platformIDs: [5] },
  request: Wire.object({
    userID: Wire.id({ description: 'Whose tokens; empty only with `everyone`.' }),
    platformIDs: Wire.list(platformID, { description: 'Only on these platforms' }),
    platformClasses: Wire.list(Wire.id(), {
      description: `and on those of these classes: ${platformClasses.join(', ')}.`,
    }),
    issuedBefore: Wire.int64({
      description: 'Unix ms, not in the future (10 s ahead is now); 0 or absent: all that are accepted now.',
    }),
    everyone: Wire.bool({ description: 'Of all users; only for admins, and only with `issuedBefore`.' }),
    exceptCaller: Wire.bool({
      description: "Spares the token of this call; only with the caller's own `userID` and without `issuedBefore`.",
    }),
  }),
  response: Wire.object({
    revoked: Wire.int32Value({ description: 'How many were ended; null with `issuedBefore`, where none are counted.' }),
  }),
  handle: async (call, body, { authority }) => ({ revoked: await revokeAsAsked(authority, call, body) }),
});
