/** Bytes of requests that have been read and not been answered: of one user, and of all (O1, O2). */
import type { GatewayLimits } from '../limits.ts';

export type InboundLimits = Pick<GatewayLimits, 'maxInboundBytes' | 'maxInboundBytesPerUser'>;

/** A connection that is not read for lack of room. */
export interface HeldReader {
  readonly userID: string;
  /** There may be room again. */
  readOn(): void;
}

/** Of those who are held, at one request's end: all would overrun the room that it leaves. */
const wokenAtOnce = 8;

export class InboundBytes {
  readonly #limits: InboundLimits;
  readonly #byUser = new Map<string, number>();
  readonly #held = new Set<HeldReader>();
  #all = 0;

  constructor(limits: InboundLimits) {
    this.#limits = limits;
  }

  take(userID: string, bytes: number): void {
    this.#all += bytes;
    this.#byUser.set(userID, (this.#byUser.get(userID) ?? 0) + bytes);
  }

  give(userID: string, bytes: number): void {
    this.#all -= bytes;
    const left = (this.#byUser.get(userID) ?? 0) - bytes;
    if (left > 0) this.#byUser.set(userID, left);
    else this.#byUser.delete(userID);
    if (this.#held.size > 0) this.#wake(wokenAtOnce);
  }

  /** Whether nothing more of the user should be read. */
  isFull(userID: string): boolean {
    const { maxInboundBytes, maxInboundBytesPerUser } = this.#limits;
    return this.#all >= maxInboundBytes || (this.#byUser.get(userID) ?? 0) >= maxInboundBytesPerUser;
  }

  /** Has the reader told when there is room; more than once is the same as once. */
  hold(reader: HeldReader): void {
    this.#held.add(reader);
  }

  letGo(reader: HeldReader): void {
    this.#held.delete(reader);
  }

  /** To be called once a second: those who were told may have had nothing more to send. */
  wakeAll(): void {
    this.#wake(this.#held.size);
  }

  #wake(most: number): void {
    let woken = 0;
    for (const reader of this.#held) {
      if (woken === most) return;
      if (this.isFull(reader.userID)) continue;
      this.#held.delete(reader);
      woken++;
      reader.readOn();
    }
  }
}
