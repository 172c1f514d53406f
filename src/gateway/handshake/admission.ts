/** Counts sockets from the start of their handshake until they are gone, exactly, and shuts the door when stopping. */
import { errors } from '../../protocol/errors.ts';

/** A socket's place under the limit. */
export interface Slot {
  /** Gives the place back; more than once is the same as once. */
  release(): void;
}

export interface AdmissionLimits {
  /** Sockets, open or in their handshake. */
  readonly maxConnections: number;
  /** Handshakes of one address whose token has not been checked. 0: no limit. */
  readonly maxHandshakesPerAddress: number;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #unchecked = new Map<string, number>();
  #taken = 0;
  #isOpen = true;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** @throws 1601 if the limit is reached, 500 if the gateway is stopping */
  take(): Slot {
    this.assertOpen();
    if (this.#taken >= this.#limits.maxConnections) throw errors.tooManyConnections('over max conn num limit');
    this.#taken++;
    return slot(() => this.#taken--);
  }

  /**
   * For the time in which nobody knows who it is.
   * @param address undefined if it is not known: then there is no limit
   * @throws 1601
   */
  takeUnchecked(address: string | undefined): Slot {
    const { maxHandshakesPerAddress } = this.#limits;
    if (address === undefined || maxHandshakesPerAddress === 0) return slot(() => {});
    const count = this.#unchecked.get(address) ?? 0;
    if (count >= maxHandshakesPerAddress) throw errors.tooManyConnections('over handshakes per address limit');
    this.#unchecked.set(address, count + 1);
    return slot(() => {
      const left = (this.#unchecked.get(address) ?? 1) - 1;
      if (left === 0) this.#unchecked.delete(address);
      else this.#unchecked.set(address, left);
    });
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

function slot(giveBack: () => void): Slot {
  let isHeld = true;
  return {
    release: () => {
      if (isHeld) giveBack();
      isHeld = false;
    },
  };
}
