/** Which requests of a server are still being served, so that it can stop without cutting any of them off. */
import type { ServerResponse } from 'node:http';

export class InFlight {
  #count = 0;
  #onNone: (() => void) | undefined;

  add(response: ServerResponse): void {
    this.#count++;
    // It closes once, and to take a listener off takes time.
    response.on('close', this.#leave);
  }

  /** Resolves as soon as every answer has been sent in full, or its client has gone. */
  async none(): Promise<void> {
    if (this.#count === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onNone = resolve;
    await promise;
  }

  readonly #leave = (): void => {
    this.#count--;
    if (this.#count === 0) this.#onNone?.();
  };
}
