/**
 * What happens to tokens while one is being verified: an answer of the store may be overtaken by the end of the token,
 * and the socket that it then opens would stay (T4).
 */
import { allPlatforms, isMeantButOne } from '../../tokens/cutoffs.ts';
import type { TokenEventMap, TokenEvents } from '../../tokens/events.ts';
import type { Session } from '../../tokens/session.ts';

type Cutoff = TokenEventMap['cutoffRaised'];

export class TokenWatch implements Disposable {
  readonly #endsByJti = new Map<string, number>();
  readonly #cutoffs: Cutoff[] = [];
  #mayHaveMissed = false;
  readonly #stops: readonly (() => void)[];

  /** Watches from now on: to be made before the store is asked. */
  constructor(events: TokenEvents) {
    this.#stops = [
      events.on('tokensEnded', ({ jtis }) => this.#note(jtis, Number.NEGATIVE_INFINITY)),
      events.on('tokensSuperseded', ({ jtis, acceptedUntil }) => this.#note(jtis, acceptedUntil)),
      events.on('cutoffRaised', (cutoff) => this.#cutoffs.push(cutoff)),
      events.on('hearing', () => {
        this.#mayHaveMissed = true;
      }),
    ];
  }

  /** True if there was a time since the beginning in which nothing was heard of other nodes. */
  get mayHaveMissed(): boolean {
    return this.#mayHaveMissed;
  }

  /** Unix ms: when the token ends by what happened meanwhile. Infinity if nothing did, -Infinity if it has ended. */
  endOf(token: Session): number {
    if (this.#cutoffs.some((cutoff) => isCutOff(token, cutoff))) return Number.NEGATIVE_INFINITY;
    return this.#endsByJti.get(token.jti) ?? Number.POSITIVE_INFINITY;
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }

  #note(jtis: readonly string[], endsAt: number): void {
    for (const jti of jtis) {
      this.#endsByJti.set(jti, Math.min(endsAt, this.#endsByJti.get(jti) ?? Number.POSITIVE_INFINITY));
    }
  }
}

/** Whether a cutoff ends a token, by whose it is and how old its session. */
export function isCutOff(
  token: Pick<Session, 'userID' | 'jti' | 'issuedAt' | 'loginAt'> & { readonly platformID: number },
  { userID, platformID, notBefore, spares }: Cutoff,
): boolean {
  if (userID !== '' && userID !== token.userID) return false;
  if (spares !== undefined) return isMeantButOne(token, new Map([[platformID, { notBefore, spares }]]));
  return (platformID === allPlatforms || platformID === token.platformID) && token.loginAt < notBefore;
}
