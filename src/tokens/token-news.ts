/** How the parts of the token authority tell the rest of this process, and the world outside, what has happened to tokens. */
import type { ProtocolError } from '../protocol/errors.ts';
import type { Actor, Origin, TokenEventMap, TokenEvents } from './events.ts';
import type { IssueOutcome, TokenEndReason, TokenRecord } from './token-store.ts';
import type { Telling, TokenTeller } from './token-teller.ts';

export class TokenNews {
  readonly #events: TokenEvents;
  readonly #teller: TokenTeller | undefined;

  /** @param teller undefined if nobody outside is told, which then costs nothing */
  constructor(events: TokenEvents, teller: TokenTeller | undefined) {
    this.#events = events;
    this.#teller = teller;
  }

  /** For the store that issues a token. */
  tellingOfIssue(issued: TokenEventMap['tokenIssued']): Telling<IssueOutcome> | undefined {
    const { userID, by } = issued;
    return this.#telling(({ kicked }: IssueOutcome) => [
      { kind: 'issued', ...issued },
      ...this.#ended(userID, kicked, 'policy', by),
    ]);
  }

  /** For the store that ends a user's tokens. */
  tellingOfEnds(userID: string, reason: TokenEndReason, by: Actor): Telling<readonly EndedToken[]> | undefined {
    return this.#telling((ended: readonly EndedToken[]) => this.#ended(userID, ended, reason, by));
  }

  /** For the store that moves a cutoff. */
  tellingOfCutoff(cutoff: Omit<TokenEventMap['cutoffRaised'], 'origin'>): Telling<void> | undefined {
    return this.#telling(() => [{ kind: 'cutOff', ...cutoff }]);
  }

  /** One event for each platform. */
  ended(
    userID: string,
    tokens: readonly EndedToken[],
    reason: TokenEndReason,
    { origin, by }: { readonly origin: Origin; readonly by: Actor },
  ): void {
    for (const { platformID, jtis } of this.#ended(userID, tokens, reason, by)) {
      this.#events.emit('tokensEnded', { userID, platformID, jtis, reason, origin, by });
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

  #telling<Outcome>(of: Telling<Outcome>['of']): Telling<Outcome> | undefined {
    return this.#teller && { teller: this.#teller, of };
  }

  /** One for each platform. */
  #ended(userID: string, tokens: readonly EndedToken[], reason: TokenEndReason, by: Actor) {
    const [only] = tokens;
    // As most logins have it.
    if (only !== undefined && tokens.length === 1) {
      return [{ kind: 'ended' as const, userID, platformID: only.platformID, jtis: [only.jti], reason, by }];
    }
    return [...Map.groupBy(tokens, (token) => token.platformID)].map(([platformID, group]) => {
      return { kind: 'ended' as const, userID, platformID, jtis: group.map(({ jti }) => jti), reason, by };
    });
  }
}

type EndedToken = Pick<TokenRecord, 'jti' | 'platformID'>;
