/** What holds while the token store cannot be asked. */
import { errors, ProtocolError } from '../protocol/errors.ts';
import type { TokenEvents } from './events.ts';

export interface StoreOutageOptions {
  /** How long after the first failure a correct signature is enough. 0: never. */
  readonly acceptSignedMs: number;
  /** Unix ms. */
  readonly clock: () => number;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
  readonly events: TokenEvents;
}

/**
 * How long the store has to answer without a failure for an outage to be over: of a Cluster some masters may be away
 * while others answer, and the time that is allowed for it must not begin anew with each answer.
 */
const settleMs = 30_000;

/** An outage is reported when it begins, changes and ends. */
export class StoreOutage {
  readonly #options: StoreOutageOptions;
  /** Monotonic. */
  #begunMs: number | undefined;
  #lastFailureMs = 0;
  #wasAccepting = false;
  #accepted = 0;

  constructor(options: StoreOutageOptions) {
    this.#options = options;
  }

  /**
   * Until when a token may be accepted by its signature alone, now that the store has failed.
   * @returns Unix ms, exclusive; undefined if it may not
   */
  acceptsUntil(failure: unknown): number | undefined {
    const { acceptSignedMs, clock, monotonicMs, events } = this.#options;
    const nowMs = monotonicMs();
    const isNew = this.#begunMs === undefined;
    this.#begunMs ??= nowMs;
    this.#lastFailureMs = nowMs;
    const leftMs = this.#begunMs + acceptSignedMs - nowMs;
    const isAccepting = leftMs > 0;
    if (isNew || isAccepting !== this.#wasAccepting) {
      events.emit('storeDown', { accepting: isAccepting, error: failure });
    }
    this.#wasAccepting = isAccepting;
    if (!isAccepting) return undefined;
    this.#accepted++;
    return clock() + leftMs;
  }

  /** The store has answered. */
  answered(): void {
    const { monotonicMs, events } = this.#options;
    if (this.#begunMs === undefined || monotonicMs() < this.#lastFailureMs + settleMs) return;
    const acceptedMeanwhile = this.#accepted;
    this.#begunMs = undefined;
    this.#wasAccepting = false;
    this.#accepted = 0;
    events.emit('storeUp', { acceptedMeanwhile });
  }
}

/** The store has answered with what it should not hold: a fault, but no outage. Nobody gets in by it. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
}

/** 500: a store's failure is no fact about a token (T5). */
export function storeFailure(cause: unknown): ProtocolError {
  return Object.assign(errors.internal('token store unavailable'), { cause });
}

/** Turns a store's failure into {@link storeFailure}; a protocol error is not one. */
export async function guarded<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    throw storeFailure(error);
  }
}
