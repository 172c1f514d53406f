/**
 * Tokens that the store has lost: signed by us, unexpired and never ended, yet unknown. Each is told of once, with the
 * likely cause. That is the anomaly that Tessera exists to rule out, so operators must hear of it.
 */
import type { TokenClaims } from './claims.ts';
import type { TokenEvents } from './events.ts';
import type { LossCause, TokenStore } from './token-store.ts';

export interface LossReporterOptions {
  readonly store: Pick<TokenStore, 'explainLoss' | 'hasForgotten'>;
  readonly events: TokenEvents;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
}

/** Clients that do not understand 1507 ask again and again: only so many lost tokens are remembered. */
const maxRemembered = 10_000;
/** The cause is asked for at most that often, however many tokens have been lost at once. */
const explainEveryMs = 10_000;

export class LossReporter {
  readonly #options: LossReporterOptions;
  readonly #reported = new Set<string>();
  #cause: Promise<LossCause> = Promise.resolve('unknown');
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(options: LossReporterOptions) {
    this.#options = options;
  }

  report({ userID, platformID, jti, issuedAt, expiresAt }: TokenClaims): void {
    if (this.#reported.has(jti)) return;
    this.#reported.add(jti);
    if (this.#reported.size > maxRemembered) this.#reported.delete(this.#reported.values().next().value ?? '');
    void this.#causeOf(userID, issuedAt).then((cause) => {
      if (cause === undefined) return;
      this.#options.events.emit('tokenLost', { userID, platformID, jti, issuedAt, expiresAt, cause });
    });
  }

  /** Undefined for what is no loss. */
  async #causeOf(userID: string, issuedAt: number): Promise<LossCause | undefined> {
    const { store, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    if (await store.hasForgotten(userID).catch(() => false)) return undefined;
    if (nowMs - this.#askedMs >= explainEveryMs) {
      this.#askedMs = nowMs;
      this.#cause = store.explainLoss(userID, issuedAt).catch(() => 'unknown' as const);
    }
    return this.#cause;
  }
}
