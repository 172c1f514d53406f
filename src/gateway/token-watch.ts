/**
 * What happens to tokens while one is being verified: an answer of the store may be overtaken by the end of the token,
 * and the socket that it then opens would stay (T4).
 */
import type { TokenEvents } from '../tokens/events.ts';

export class TokenWatch implements Disposable {
  readonly #endsByJti = new Map<string, number>();
  readonly #stops: readonly (() => void)[];

  /** Watches from now on: to be made before the store is asked. */
  constructor(events: TokenEvents) {
    this.#stops = [
      events.on('tokensEnded', ({ jtis }) => this.#note(jtis, Number.NEGATIVE_INFINITY)),
      events.on('tokensSuperseded', ({ jtis, acceptedUntil }) => this.#note(jtis, acceptedUntil)),
    ];
  }

  /** Unix ms: when the token ends by what happened meanwhile. Infinity if nothing did, -Infinity if it has ended. */
  endOf(jti: string): number {
    return this.#endsByJti.get(jti) ?? Number.POSITIVE_INFINITY;
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }

  #note(jtis: readonly string[], endsAt: number): void {
    for (const jti of jtis) this.#endsByJti.set(jti, Math.min(endsAt, this.endOf(jti)));
  }
}
