/** Counts sockets from the start of their handshake until they are gone, exactly, and shuts the door when stopping. */
import { errors } from '../../protocol/errors.ts';

/** A socket's place under the limit. */
export interface Slot {
  /** Gives the place back; more than once is the same as once. */
  release(): void;
}

export class Admission {
  readonly #maxConnections: number;
  #taken = 0;
  #isOpen = true;

  constructor(maxConnections: number) {
    this.#maxConnections = maxConnections;
  }

  /** @throws 1601 if the limit is reached, 500 if the gateway is stopping */
  take(): Slot {
    this.assertOpen();
    if (this.#taken >= this.#maxConnections) throw errors.tooManyConnections('over max conn num limit');
    this.#taken++;
    let isHeld = true;
    return {
      release: () => {
        if (isHeld) this.#taken--;
        isHeld = false;
      },
    };
  }

  /** @throws 500 if the gateway is stopping */
  assertOpen(): void {
    if (!this.#isOpen) throw errors.internal('server is shutting down');
  }

  /** From now on nobody is let in. */
  close(): void {
    this.#isOpen = false;
  }
}
