/** How the parts of the token authority tell the rest of this process what has happened to tokens. */
import type { ProtocolError } from '../protocol/errors.ts';
import type { Actor, Origin, TokenEvents } from './events.ts';
import type { TokenEndReason, TokenRecord } from './token-store.ts';

export class TokenNews {
  readonly #events: TokenEvents;

  constructor(events: TokenEvents) {
    this.#events = events;
  }

  /** One event for each platform. */
  ended(
    userID: string,
    tokens: readonly Pick<TokenRecord, 'jti' | 'platformID'>[],
    reason: TokenEndReason,
    how: { readonly origin: Origin; readonly by: Actor },
  ): void {
    for (const [platformID, group] of Map.groupBy(tokens, (token) => token.platformID)) {
      const jtis = group.map(({ jti }) => jti);
      this.#events.emit('tokensEnded', { userID, platformID, jtis, reason, ...how });
    }
  }

  /** By this node, in one step. */
  superseded(userID: string, tokens: readonly TokenRecord[]): void {
    const [first] = tokens;
    if (first === undefined) return;
    const { acceptedUntil } = first;
    const jtis = tokens.map(({ jti }) => jti);
    this.#events.emit('tokensSuperseded', { userID, jtis, acceptedUntil, origin: 'here' });
  }

  /** Somebody got no token. @returns `error`, to be thrown */
  refused(userID: string, platformID: number, by: Actor, error: ProtocolError): ProtocolError {
    this.#events.emit('tokenRefused', { what: 'issue', code: error.code, userID, platformID, jti: '', by });
    return error;
  }
}
