/**
 * How many bytes of bodies the server holds at any moment: of requests that are still arriving or being served, and of
 * answers that nobody has read yet. Overall, and of one user, or of one address for those without a token; admins, who
 * speak for whole back ends, have only the first. In bytes.
 */
import { errors } from '../protocol/errors.ts';
import { RetryLater } from './retry-later.ts';

export interface BodyBudgetLimits {
  readonly maxBodyBytesInFlight: number;
  readonly maxBodyBytesInFlightPerUser: number;
}

/** Whose bytes they are; undefined for an admin. */
export type Holder = string | undefined;

export class BodyBudget {
  readonly #limits: BodyBudgetLimits;
  readonly #held = new Map<string, number>();
  #total = 0;

  constructor(limits: BodyBudgetLimits) {
    this.#limits = limits;
  }

  /** @throws RetryLater, and holds nothing more, if these bytes are beyond the budget */
  hold(holder: Holder, bytes: number): void {
    this.requireRoom(holder, bytes);
    this.add(holder, bytes);
  }

  /** @throws RetryLater if these bytes could not be held now */
  requireRoom(holder: Holder, bytes: number): void {
    const { maxBodyBytesInFlight, maxBodyBytesInFlightPerUser } = this.#limits;
    const own = holder === undefined ? 0 : (this.#held.get(holder) ?? 0) + bytes;
    if (own > maxBodyBytesInFlightPerUser) throw new RetryLater('too many unfinished or unread bodies of this caller');
    if (this.#total + bytes > maxBodyBytesInFlight) throw new RetryLater('too many unfinished or unread bodies');
  }

  /**
   * The same for an answer.
   * @param heldBytes of what the holder holds, what belongs to the same request
   * @throws 1001 if there would be no room even with nothing else held: trying again would be of no use
   */
  requireRoomForAnswer(holder: Holder, bytes: number, heldBytes: number): void {
    const { maxBodyBytesInFlight, maxBodyBytesInFlightPerUser } = this.#limits;
    const most = holder === undefined ? maxBodyBytesInFlight : maxBodyBytesInFlightPerUser;
    if (bytes + heldBytes > Math.min(most, maxBodyBytesInFlight)) {
      throw errors.args('the answer is larger than one may be: ask for it in pages, or for fewer at a time');
    }
    this.requireRoom(holder, bytes);
  }

  /** Counts bytes that are held anyway. */
  add(holder: Holder, bytes: number): void {
    this.#total += bytes;
    if (holder === undefined) return;
    const own = (this.#held.get(holder) ?? 0) + bytes;
    if (own === 0) this.#held.delete(holder);
    else this.#held.set(holder, own);
  }

  release(holder: Holder, bytes: number): void {
    this.add(holder, -bytes);
  }
}
