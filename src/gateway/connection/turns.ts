/**
 * Whose request is taken up next. Requests of one turn of the event loop are worked off in turn by user, not by socket
 * or arrival, for a slice of time, and then everything else has its turn. Who has used up a budget of CPU time waits
 * behind all who have not (O1).
 */
import { sliceMs } from '../../kernel/time-slices.ts';

interface User {
  readonly waiting: (() => void)[];
  /** CPU time of late: grows by what a request takes, and shrinks with time. */
  spentMs: number;
  /** When that was reckoned last, by the monotonic clock. */
  reckonedAtMs: number;
}

/** CPU time that a user may take at once, and for each millisecond that passes. */
const burstMs = 100;
const shareOfTime = 0.25;

/** Of so many requests one is of somebody who is over the budget: others do not stop them for ever. */
const oneOfThoseOver = 8;

/** Between two looks at who need not be kept in mind any more. */
const forgetEvery = 1024;

export class Turns {
  readonly #users = new Map<string, User>();
  /** Users with a request that waits, once each, in the order in which they will be served. */
  readonly #within: User[] = [];
  readonly #over: User[] = [];
  #served = 0;
  /** Of this turn of the event loop, by the monotonic clock; undefined before its first request. */
  #sliceEndsAtMs: number | undefined;
  /** Whose request was begun last in this turn, and when that was done: what it does after an await comes right then. */
  #last: { readonly user: User; readonly atMs: number } | undefined;

  /** Has `begin` called when it is the user's turn, at earliest when all that has arrived has been read. */
  add(userID: string, begin: () => void): void {
    const now = performance.now();
    let user = this.#users.get(userID);
    if (user === undefined) {
      user = { waiting: [], spentMs: 0, reckonedAtMs: now };
      this.#users.set(userID, user);
    }
    if (user.waiting.push(begin) === 1) this.#line(user, now).push(user);
    setImmediate(this.#serveOne);
  }

  /** One per request: what the request does without waiting for anything is over before the next one is called. */
  readonly #serveOne = (): void => {
    const now = performance.now();
    if (this.#sliceEndsAtMs === undefined) {
      this.#sliceEndsAtMs = now + sliceMs;
      setImmediate(this.#endTurn);
    }
    if (this.#last !== undefined) this.#last.user.spentMs += now - this.#last.atMs;
    this.#last = undefined;
    if (now >= this.#sliceEndsAtMs) {
      setImmediate(this.#serveOne);
      return;
    }
    const user = this.#pick();
    if (user !== undefined) this.#serve(user, now);
  };

  readonly #endTurn = (): void => {
    this.#sliceEndsAtMs = undefined;
    this.#last = undefined;
  };

  #pick(): User | undefined {
    const isForThoseOver = this.#served++ % oneOfThoseOver === 0 && this.#over.length > 0;
    if (this.#served % forgetEvery === 0) this.#forget();
    return isForThoseOver ? this.#over.shift() : (this.#within.shift() ?? this.#over.shift());
  }

  #serve(user: User, now: number): void {
    const begin = user.waiting.shift();
    begin?.();
    const atMs = performance.now();
    user.spentMs += atMs - now;
    this.#last = { user, atMs };
    if (user.waiting.length > 0) this.#line(user, atMs).push(user);
  }

  #line(user: User, now: number): User[] {
    return reckon(user, now) > burstMs ? this.#over : this.#within;
  }

  #forget(): void {
    const now = performance.now();
    for (const [userID, user] of this.#users) {
      if (user.waiting.length === 0 && reckon(user, now) === 0) this.#users.delete(userID);
    }
  }
}

/** @returns the CPU time spent of late */
function reckon(user: User, now: number): number {
  user.spentMs = Math.max(0, user.spentMs - (now - user.reckonedAtMs) * shareOfTime);
  user.reckonedAtMs = now;
  return user.spentMs;
}
