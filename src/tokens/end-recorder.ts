/**
 * Writes ends of tokens to the durable store, those of many calls in one transaction: a login waits for one commit and
 * never for those of all others. While many log in, commits take turns with as long a time of gathering for the next one:
 * a commit costs more than what it holds. Who comes alone waits for nobody.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { TokenEnd, TokenEndStore } from './token-end-store.ts';

/** What could not be written goes with the next one; of more than that the oldest are given up. */
const maxOwed = 10_000;
const longestGatheringMs = 10;

export class EndRecorder {
  readonly #store: Pick<TokenEndStore, 'record'>;
  #waiting: { readonly ends: readonly TokenEnd[]; readonly done: PromiseWithResolvers<void> }[] = [];
  #owed: readonly TokenEnd[] = [];
  #isWorking = false;

  constructor(store: Pick<TokenEndStore, 'record'>) {
    this.#store = store;
  }

  /** Resolves when they are on disk. @throws the store's failure; they are then written with the next ones */
  record(ends: readonly TokenEnd[]): Promise<void> {
    if (ends.length === 0) return Promise.resolve();
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ ends, done });
    if (!this.#isWorking) void this.#work();
    return done.promise;
  }

  /** Writes what could not be written before, if there is any. @throws the store's failure */
  async settle(): Promise<void> {
    if (this.#owed.length > 0) await this.record(this.#owed);
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const owed = this.#owed;
      const ends = [...owed, ...batch.flatMap((each) => each.ends)];
      const beganMs = performance.now();
      try {
        await this.#store.record(ends);
        this.#owed = [];
        for (const { done } of batch) done.resolve();
      } catch (error) {
        this.#owed = ends.slice(-maxOwed);
        for (const { done } of batch) done.reject(error);
      }
      if (batch.length > 1) await delay(Math.min(performance.now() - beganMs, longestGatheringMs));
    }
    this.#isWorking = false;
  }
}
