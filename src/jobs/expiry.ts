/** Forgetting records that are older than they are kept: those of one store. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Job, Step } from './jobs.ts';

export interface ExpiryOptions {
  /** Of the job. */
  readonly name: string;
  readonly store: {
    /** Forgets the oldest ones from before `until` (Unix ms), at most `limit`. @returns how many */
    forget(tx: Transaction, until: number, limit: number): Promise<number>;
  };
  /** The setting that says how long, and that in ms; 0: for ever. */
  readonly keep: { readonly setting: string; readonly ms: () => number };
  /** Unix ms. */
  readonly now: () => number;
  /** What a wrong clock erases is gone for good. */
  readonly isClockSteady: () => boolean;
}

const recordsAtOnce = 500;

export class Expiry implements Job {
  readonly #options: ExpiryOptions;

  constructor(options: ExpiryOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  heldBack(): string | undefined {
    const { keep, isClockSteady } = this.#options;
    if (keep.ms() === 0) return `${keep.setting} is 0`;
    return isClockSteady() ? undefined : 'the clock was set of late';
  }

  async sweep(step: Step, progress: (more: number) => void): Promise<void> {
    const { store, keep, now } = this.#options;
    for (;;) {
      const gone = await step((tx) => store.forget(tx, now() - keep.ms(), recordsAtOnce));
      progress(gone);
      if (gone < recordsAtOnce) return;
    }
  }
}
