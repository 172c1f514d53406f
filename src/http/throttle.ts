/**
 * Slows down who guesses secrets: an address that has failed too often is refused for a while, before what it sends is
 * even compared. Who has proved a secret of late is counted apart, so that a stranger behind the same proxy or gateway
 * does not lock a back end out. Nodes tell each other, so that who guesses at several has one count. Not the rate limiter
 * of OpenIM (rest-core.md 1.6), but it answers in the same way: HTTP 429, error 429, Retry-After.
 */
import { createHash } from 'node:crypto';
import { errorTable, ProtocolError } from '../protocol/errors.ts';
import { clientNetwork } from './client-network.ts';
import { RetryLater } from './retry-later.ts';

export interface ThrottleOptions {
  /** So many failures within `windowMs` are looked at; whatever follows is refused. */
  readonly maxFailures: number;
  readonly windowMs: number;
  /** Addresses that are remembered; beyond that, the one that has not failed for the longest time is forgotten. */
  readonly maxAddresses: number;
  /** Milliseconds, of a clock that may be set back. */
  readonly clock: () => number;
  /** Told when an address begins to be refused. */
  readonly onBlocked?: (network: string) => void;
  /** None by default: the process is alone. */
  readonly feed?: ThrottleFeed;
}

/** Between the nodes of a cluster; what it says may be lost. */
export interface ThrottleFeed {
  /** To all others. */
  tell(news: string): void;
  /** @param hear gets what they tell */
  listen(hear: (news: string) => void): void;
}

/** Who has failed, and from which network it came; or the mark of who has proved its secret. Nothing of a secret. */
type News = readonly ['failed', counted: string, network: string] | readonly ['proved', mark: string, network: string];

/** As much as is known of who tries, before the secret is looked at. */
export interface Origin {
  /** Of the client, as the server takes it. */
  readonly address: string;
  /** What sets it apart from others with the same address: from whom its last proxy has the request, its program. */
  readonly trait: string;
}

export interface Claimant extends Origin {
  /** Whose secret it says it has. */
  readonly name: string;
}

/** So long a caller is counted apart after it has proved its secret. */
const provedForMs = 24 * 3_600_000;

export class FailureThrottle {
  readonly #options: ThrottleOptions;
  /** When callers have proved their secret, by their mark, the longest ago first. */
  readonly #proved = new Map<string, number>();
  /** When each network has failed of late, by the clock, oldest first; the networks by their latest failure. */
  readonly #failures = new Map<string, readonly number[]>();

  constructor(options: ThrottleOptions) {
    this.#options = options;
    options.feed?.listen((text) => this.#hear(JSON.parse(text)));
  }

  /**
   * Makes the attempt unless its address has failed too often. One success forgives nothing: who shares an address with
   * somebody who guesses would reset the count for both.
   * @param claimant its address counts, IPv6 by /64; but who has proved a secret of late counts by itself, and so does
   * whoever looks the same in all three
   * @param attempt must compare the credential before it waits for anything, so that no second attempt slips in
   * @param isWrongCredential tells wrong credentials from all other failures, which do not count
   * @throws RetryLater, or what the attempt throws
   */
  async guard<T>(
    claimant: Claimant,
    attempt: () => Promise<T>,
    isWrongCredential: (error: unknown) => boolean = isNoPermission,
  ): Promise<T> {
    const network = clientNetwork(claimant.address);
    const mark = markOf(network, claimant);
    const hasProved = this.#hasProved(mark);
    const counted = hasProved ? mark : network;
    this.#refuseIfBlocked(counted);
    try {
      const result = await attempt();
      this.#remember(mark);
      if (!hasProved) this.#tell(['proved', mark, network]);
      return result;
    } catch (error) {
      if (isWrongCredential(error)) {
        this.#count(counted, network);
        this.#tell(['failed', counted, network]);
      }
      throw error;
    }
  }

  #tell(news: News): void {
    this.#options.feed?.tell(JSON.stringify(news));
  }

  /** What a later version says besides is not for us. */
  #hear(news: News): void {
    const [what, counted, network] = news;
    if (what === 'proved') this.#remember(counted);
    if (what !== 'failed') return;
    // It was proved before this node could hear of it.
    if (counted !== network && !this.#hasProved(counted)) this.#remember(counted);
    this.#count(counted, network);
  }

  #hasProved(mark: string): boolean {
    const provedAt = this.#proved.get(mark);
    return provedAt !== undefined && provedAt + provedForMs > this.#options.clock();
  }

  #remember(mark: string): void {
    this.#proved.delete(mark);
    this.#proved.set(mark, this.#options.clock());
    const [longestAgo] = this.#proved.keys();
    if (this.#proved.size > this.#options.maxAddresses && longestAgo !== undefined) this.#proved.delete(longestAgo);
  }

  #refuseIfBlocked(counted: string): void {
    const failures = this.#recent(counted);
    const [first] = failures;
    if (first === undefined || failures.length < this.#options.maxFailures) return;
    throw tooManyFailures(first + this.#options.windowMs - this.#options.clock());
  }

  #count(counted: string, network: string): void {
    const { clock, maxFailures, maxAddresses, onBlocked } = this.#options;
    const failures = [...this.#recent(counted), clock()].slice(-maxFailures);
    this.#failures.delete(counted);
    this.#failures.set(counted, failures);
    const [longestQuiet] = this.#failures.keys();
    if (this.#failures.size > maxAddresses && longestQuiet !== undefined) this.#failures.delete(longestQuiet);
    if (failures.length === maxFailures) onBlocked?.(network);
  }

  #recent(counted: string): readonly number[] {
    const { clock, windowMs } = this.#options;
    const now = clock();
    // Not later than now either: over a clock that was set back nobody is refused for longer than the window.
    return (this.#failures.get(counted) ?? []).filter((at) => at > now - windowMs && at <= now);
  }
}

/** Of one length, whatever a client makes of its headers. */
function markOf(network: string, { trait, name }: Claimant): string {
  return createHash('sha256')
    .update(JSON.stringify([network, trait, name]))
    .digest('base64url');
}

/** 1002 is how a wrong secret is answered. */
function isNoPermission(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === errorTable.noPermission.code;
}

function tooManyFailures(retryAfterMs: number): RetryLater {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new RetryLater(`too many wrong credentials from this address; try again in ${seconds} s`, retryAfterMs);
}
