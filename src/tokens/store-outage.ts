/** What holds while the token store cannot be asked. */
import { errors, type ProtocolError } from '../protocol/errors.ts';
import type { TokenEvents } from './events.ts';

export interface StoreOutageOptions {
  /** How long after the first failure a correct signature is enough. 0: never. */
  readonly acceptSignedMs: number;
  /** Unix ms. */
  readonly clock: () => number;
  readonly events: TokenEvents;
}

/** An outage lasts from the first failure to the next answer. It is reported when it begins, changes and ends. */
export class StoreOutage {
  readonly #options: StoreOutageOptions;
  #begunAt: number | undefined;
  #wasAccepting = false;
  #accepted = 0;

  constructor(options: StoreOutageOptions) {
    this.#options = options;
  }

  /** Whether a token may be accepted by its signature alone, now that the store has failed. */
  accepts(failure: unknown): boolean {
    const { acceptSignedMs, clock, events } = this.#options;
    const isNew = this.#begunAt === undefined;
    this.#begunAt ??= clock();
    const isAccepting = clock() < this.#begunAt + acceptSignedMs;
    if (isNew || isAccepting !== this.#wasAccepting) {
      events.emit('storeDown', { accepting: isAccepting, error: failure });
    }
    this.#wasAccepting = isAccepting;
    if (isAccepting) this.#accepted++;
    return isAccepting;
  }

  /** The store has answered. */
  ended(): void {
    if (this.#begunAt === undefined) return;
    this.#options.events.emit('storeUp', { acceptedMeanwhile: this.#accepted });
    this.#begunAt = undefined;
    this.#wasAccepting = false;
    this.#accepted = 0;
  }
}

/** 500: a store's failure is no fact about a token (T5). */
export function storeFailure(cause: unknown): ProtocolError {
  return Object.assign(errors.internal('token store unavailable'), { cause });
}
