/**
 * Deletes the devices that cutoffs of everybody have taken: piece by piece, with rests in which others write. Nobody waits
 * for it, since none of these devices is woken any more.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { PushTokenStore } from './push-token-store.ts';

export class CutOffDevices implements AsyncDisposable {
  readonly #store: Pick<PushTokenStore, 'deleteCutOff'>;
  readonly #closing = new AbortController();
  #sweeping: Promise<void> | undefined;

  constructor(store: Pick<PushTokenStore, 'deleteCutOff'>) {
    this.#store = store;
  }

  /** To be called every second or so. @throws the store's failure: the next call goes on */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  /** Ends after the piece under way: another process goes on, or the next one. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#sweeping?.catch(() => {});
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const beganMs = performance.now();
      if (!(await this.#store.deleteCutOff())) return;
      await delay(rest * (performance.now() - beganMs), undefined, { signal }).catch(() => {});
    }
  }
}

/** After each piece, in times of what it took. */
const rest = 4;
