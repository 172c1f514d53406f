/** The audit trail of tokens. See docs/tokens.md. */
import { platformName } from '../../../protocol/numbers/platforms.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { pageRequest } from '../../objects/page.ts';

export default endpoint({
  path: '/auth/list_token_events',
  summary: 'Lists what has been done to tokens, by whom and why; only for admins',
  description: 'Newest first. The trail has a limited length (`TESSERA_TOKEN_EVENTS_LIMIT`).',
  access: 'admin',
  example: { userID: 'alice', limit: 20 },
  request: Wire.object({
    userID: Wire.id({ description: 'Whose tokens; empty: of all users.' }),
    kinds: Wire.list(Wire.id(), {
      description: 'issued, renewed, kicked, revoked, imported, refused, lost, cutoff; empty: all.',
    }),
    ...pageRequest,
  }),
  response: Wire.object({
    events: Wire.list(
      Wire.object({
        id: Wire.int64({ description: 'Rises with every entry.' }),
        at: Wire.int64({ description: 'Unix ms' }),
        kind: Wire.string(),
        userID: Wire.id({ description: "Whose token; of a cutoff, empty: everyone's." }),
        platformID: Wire.int32({ description: 'Of a cutoff, 0: every platform.' }),
        platform: Wire.string({ description: "The platform's name, such as `IOS`." }),
        jti: Wire.id({ description: 'Names the token.' }),
        actor: Wire.string({
          description: 'Who did it: a userID, `client:` and an OAuth client, `address:` and an IP address, or empty.',
        }),
        reason: Wire.string(),
        operationID: Wire.id(),
      }),
    ),
    nextCursor: Wire.id({ description: 'Empty after the last page.' }),
  }),
  handle: async (call, body, { tokenEventLog }) => {
    const { events, nextCursor } = await tokenEventLog.list(call, body);
    return { events: events.map((event) => ({ ...event, platform: platformName(event.platformID) })), nextCursor };
  },
});
