/**
 * Slows down who guesses secrets: an address that has failed too often is refused for a while, before what it sends is
 * even compared. Not the rate limiter of OpenIM (rest-core.md 1.6), but it answers in the same way: HTTP 429, error
 * 429, Retry-After.
 */
import { errorTable, ProtocolError } from '../protocol/errors.ts';
import { clientNetwork } from './client-network.ts';
import { RetryLater } from './retry-later.ts';

export interface ThrottleOptions {
  /** So many failures within `windowMs` are looked at; whatever follows is refused. */
  readonly maxFailures: number;
  readonly windowMs: number;
  /** Addresses that are remembered; beyond that, the one that has not failed for the longest time is forgotten. */
  readonly maxAddresses: number;
  /** Unix ms. */
  readonly clock: () => number;
  /** Told when an address begins to be refused. */
  readonly onBlocked?: (network: string) => void;
}

export const defaultThrottleLimits = { maxFailures: 10, windowMs: 60_000, maxAddresses: 10_000 } as const;

export class FailureThrottle {
  readonly #options: ThrottleOptions;
  /** When each network has failed of late, Unix ms, oldest first; the networks by their latest failure. */
  readonly #failures = new Map<string, readonly number[]>();

  constructor(options: ThrottleOptions) {
    this.#options = options;
  }

  /**
   * Makes the attempt unless its address has failed too often. One success forgives nothing: who shares an address with
   * somebody who guesses would reset the count for both.
   * @param address of the client, as request.ip has it; IPv6 counts by /64
   * @param attempt must compare the credential before it waits for anything, so that no second attempt slips in
   * @param isWrongCredential tells wrong credentials from all other failures, which do not count
   * @throws RetryLater, or what the attempt throws
   */
  async guard<T>(
    address: string,
    attempt: () => Promise<T>,
    isWrongCredential: (error: unknown) => boolean = isNoPermission,
  ): Promise<T> {
    const network = clientNetwork(address);
    this.#refuseIfBlocked(network);
    try {
      return await attempt();
    } catch (error) {
      if (isWrongCredential(error)) this.#count(network);
      throw error;
    }
  }

  #refuseIfBlocked(network: string): void {
    const failures = this.#recent(network);
    const [first] = failures;
    if (first === undefined || failures.length < this.#options.maxFailures) return;
    throw tooManyFailures(first + this.#options.windowMs - this.#options.clock());
  }

  #count(network: string): void {
    const { clock, maxFailures, maxAddresses, onBlocked } = this.#options;
    const failures = [...this.#recent(network), clock()].slice(-maxFailures);
    this.#failures.delete(network);
    this.#failures.set(network, failures);
    const [longestQuiet] = this.#failures.keys();
    if (this.#failures.size > maxAddresses && longestQuiet !== undefined) this.#failures.delete(longestQuiet);
    if (failures.length === maxFailures) onBlocked?.(network);
  }

  #recent(network: string): readonly number[] {
    const { clock, windowMs } = this.#options;
    const now = clock();
    // Not later than now either: over a clock that was set back nobody is refused for longer than the window.
    return (this.#failures.get(network) ?? []).filter((at) => at > now - windowMs && at <= now);
  }
}

/** 1002 is how a wrong secret is answered. */
function isNoPermission(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === errorTable.noPermission.code;
}

function tooManyFailures(retryAfterMs: number): RetryLater {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new RetryLater(`too many wrong credentials from this address; try again in ${seconds} s`, retryAfterMs);
}
