/** Keeps, for a while, whose phones here each message has reached online. Protocol: objects-push-webhooks.md 2.1. */
import type { Delivery } from '../log/delivery.ts';
import type { DeliveryResults } from '../log/delivery-results.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import type { PhoneReach, SentMessage } from './phone-reach.ts';

interface Result {
  readonly reached: ReadonlySet<string>;
  /** Unix ms. */
  readonly notedAt: number;
}

export interface ReachedUsersOptions {
  /** Users of all messages together, each message as one more. */
  readonly limits: { readonly maxPushResults: number };
  /** Unix ms. */
  readonly now: () => number;
}

export class ReachedUsers implements DeliveryResults, PhoneReach {
  readonly #options: ReachedUsersOptions;
  /** By message, oldest first. */
  readonly #results = new Map<string, Result>();
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Of all results. */
  #weight = 0;

  constructor(options: ReachedUsersOptions) {
    this.#options = options;
  }

  note(delivery: Delivery, reached: ReadonlySet<string>): void {
    const { now, limits } = this.#options;
    const key = messageKey(toSentMessage(delivery));
    // What was delivered again has reached those of the first time as well.
    const all = this.#results.get(key)?.reached.union(reached) ?? reached;
    this.#forget(key);
    this.#results.set(key, { reached: all, notedAt: now() });
    this.#weight += 1 + all.size;
    for (const wake of this.#waiting.get(key) ?? []) wake();
    for (const [oldest, { notedAt }] of this.#results) {
      if (this.#weight <= limits.maxPushResults && notedAt >= now() - keptMs) return;
      this.#forget(oldest);
    }
  }

  reachedBy(message: SentMessage, withinMs: number): Promise<ReadonlySet<string> | undefined> {
    return this.of(messageKey(message), withinMs);
  }

  /** By the {@link messageKey}. @returns undefined if it is not known here, and has not become known within that time */
  async of(key: string, withinMs: number): Promise<ReadonlySet<string> | undefined> {
    if (!this.#results.has(key) && withinMs > 0) await this.#noted(key, withinMs);
    return this.#results.get(key)?.reached;
  }

  async #noted(key: string, withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(resolve));
    await promise;
    clearTimeout(timer);
    waiting.delete(resolve);
    if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
  }

  #forget(key: string): void {
    const result = this.#results.get(key);
    if (result === undefined) return;
    this.#weight -= 1 + result.reached.size;
    this.#results.delete(key);
  }
}

/** What is stored is known by its place, and by a delivery at a glance. */
export function messageKey({ logID, seq, id }: Pick<SentMessage, 'logID' | 'seq' | 'id'>): string {
  return seq === 0 ? id : `${logID} ${seq}`;
}

function toSentMessage({ logID, seq, body }: Delivery) {
  return { logID, seq, id: seq === 0 ? MsgData.decode(body).serverMsgID : '' };
}

const keptMs = 600_000;
