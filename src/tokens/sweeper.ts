/** Has the store forget tokens that are long over: never by one look at a clock that may have jumped. */
import type { ClockWatch } from '../kernel/clock-watch.ts';
import type { TokenStore } from './token-store.ts';

export interface TokenSweeperOptions {
  readonly store: Pick<TokenStore, 'sweepExpired'>;
  readonly clockWatch: Pick<ClockWatch, 'isSteady'>;
}

export class TokenSweeper {
  readonly #options: TokenSweeperOptions;

  constructor(options: TokenSweeperOptions) {
    this.#options = options;
  }

  /** To be called now and then. @returns how many tokens went @throws the store's failure */
  async sweep(): Promise<number> {
    const { store, clockWatch } = this.#options;
    return clockWatch.isSteady() ? store.sweepExpired() : 0;
  }
}
