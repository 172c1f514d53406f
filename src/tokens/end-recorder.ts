/**
 * Writes ends of tokens to the durable store, those of many calls in one transaction: a login waits for one commit and
 * never for those of all others. While many log in, commits take turns with as long a time of gathering for the next one:
 * a commit costs more than what it holds. Who comes alone waits for nobody.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { TokenEnd, TokenEndStore } from './token-end-store.ts';

/** What could not be written goes with the next one; while so much waits, nothing further may be ended. */
const maxOwed = 10_000;
const longestGatheringMs = 10;

export class EndRecorder {
  readonly #store: Pick<TokenEndStore, 'record'>;
  #waiting: { readonly ends: readonly TokenEnd[]; readonly done: PromiseWithResolvers<void> }[] = [];
  #owed: readonly TokenEnd[] = [];
  #isWorking = false;

  readonly #onOwed: (ends: number) => void;

  /** @param onOwed hears after each attempt how many ends wait for the next one, as they could not be written */
  constructor(store: Pick<TokenEndStore, 'record'>, onOwed: (ends: number) => void = () => {}) {
    this.#store = store;
    this.#onOwed = onOwed;
  }

  /**
   * To be asked before tokens are ended elsewhere: what has been ended is never given up, so that it must not become
   * more and more while the store fails.
   * @throws while too many ends wait to be written
   */
  requireRoom(): void {
    if (this.#owed.length < maxOwed) return;
    throw new Error(`${this.#owed.length} ends of tokens wait to be written to the database: nothing more is ended`);
  }

  /** Resolves when they are on disk. @throws the store's failure; they are then written with the next ones */
  record(ends: readonly TokenEnd[]): Promise<void> {
    return ends.length === 0 ? Promise.resolve() : this.#queue(ends);
  }

  /** Writes what could not be written before, if there is any. @throws the store's failure */
  async settle(): Promise<void> {
    if (this.#owed.length > 0) await this.#queue([]);
  }

  #queue(ends: readonly TokenEnd[]): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ ends, done });
    if (!this.#isWorking) void this.#work();
    return done.promise;
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
        this.#owed = ends;
        for (const { done } of batch) done.reject(error);
      }
      if (this.#owed.length > 0 || owed.length > 0) this.#onOwed(this.#owed.length);
      if (batch.length > 1) await delay(Math.min(performance.now() - beganMs, longestGatheringMs));
    }
    this.#isWorking = false;
  }
}
