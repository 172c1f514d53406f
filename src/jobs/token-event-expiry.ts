/** Forgetting entries of the audit trail of tokens that are older than it keeps them. */
import type { TokenEventStore } from '../tokens/token-event-store.ts';
import type { Job, Step } from './jobs.ts';

export interface TokenEventExpiryOptions {
  readonly store: Pick<TokenEventStore, 'forget'>;
  /** How long they are kept, in ms; 0: until newer ones take their room. */
  readonly keepMs: number;
  /** Unix ms. */
  readonly now: () => number;
  readonly isClockSteady: () => boolean;
}

const entriesAtOnce = 1000;

export class TokenEventExpiry implements Job {
  readonly name = 'token-events';
  readonly #options: TokenEventExpiryOptions;

  constructor(options: TokenEventExpiryOptions) {
    this.#options = options;
  }

  heldBack(): string | undefined {
    if (this.#options.keepMs === 0) return 'retainTokenEvents is 0';
    return this.#options.isClockSteady() ? undefined : 'the clock was set of late';
  }

  async sweep(step: Step, progress: (more: number) => void): Promise<void> {
    const { store, keepMs, now } = this.#options;
    for (;;) {
      const gone = await step((tx) => store.forget(tx, now() - keepMs, entriesAtOnce));
      progress(gone);
      if (gone < entriesAtOnce) return;
    }
  }
}
