/** A user's sessions. See docs/tokens.md. */
import { platformName } from '../../../protocol/numbers/platforms.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { pageRequest } from '../../objects/page.ts';
import { platformID } from '../../objects/platform.ts';

export default endpoint({
  path: '/auth/list_tokens',
  summary: "Lists a user's tokens: one's own, or for admins anybody's",
  description: 'All whose `exp` is still to come, in whatever state, newest first.',
  access: self('userID'),
  example: { userID: 'alice', limit: 20 },
  request: Wire.object({ userID: Wire.id({ description: "Whose tokens; empty: one's own." }), ...pageRequest }),
  response: Wire.object({
    tokens: Wire.list(
      Wire.object({
        jti: Wire.id({ description: 'Names the token.' }),
        platformID,
        platform: Wire.string({ description: "The platform's name, such as `IOS`." }),
        deviceName: Wire.string(),
        issuedAt: Wire.int64({ description: 'Unix ms' }),
        expiresAt: Wire.int64({ description: 'Unix ms' }),
        lastSeenAt: Wire.int64({ description: 'Unix ms, to about a minute; 0 if never' }),
        acceptedUntil: Wire.int64({ description: 'Unix ms; of a superseded token, 0 once that has passed' }),
        state: Wire.string({ description: '`live`, `superseded`, `kicked` or `revoked`' }),
        isKeyRetired: Wire.bool({
          description: 'Whether its signing key no longer verifies: it is refused with 1505, whatever its state.',
        }),
        reason: Wire.string({
          description: 'Of a kick or revocation: `policy`, `displaced`, `forced`, `revoked`, `openim`.',
        }),
      }),
    ),
    nextCursor: Wire.id({ description: 'Empty after the last page.' }),
  }),
  handle: async (call, body, { authority }) => {
    const { tokens, nextCursor } = await authority.listTokens(call, body);
    return { tokens: tokens.map((token) => ({ ...token, platform: platformName(token.platformID) })), nextCursor };
  },
});
