/**
 * Long loops in pieces, so that a step for thousands of sockets does not keep everybody else waiting. One turn of the event
 * loop has one slice for all who walk, for sockets, REST and the server itself alike: who does not get through lines up,
 * and in each turn those in line have a piece of it one after the other, so that neither their number nor how long one of
 * them goes on is what others wait for. Who has just begun need not line up behind them for what is short: newcomers have
 * a slice of their own, and pieces as small while somebody is in line.
 *
 * Requests of REST (`FairTurns`) and of sockets (`Turns`), pushes (`FanOut`) and what is written (`FlushQueue`) have one
 * slice a turn each besides. They are of a fixed number, and none of them can leave another without any.
 */
import { nothingLeftToRun } from './nothing-left-to-run.ts';

/** How long one piece may hold the event loop. */
export const sliceMs = 4;

/** For steps of a few microseconds each, of which a look at the clock is a thirtieth. */
export const lookAtClockEvery = 16;

/** Of a slice, when there are many who want one: shorter ones had others find the processor's caches full of their own. */
const leastPieceMs = sliceMs / 4;

/** A slice after another, for one long piece of work that asks whether its slice is over. */
export interface Slices {
  readonly isOver: boolean;
  /** Resolves in a later turn of the event loop, where the next slice begins. */
  next(): Promise<void>;
}

/** Out of what all have together. */
export class TimeSlices implements Slices {
  #turn = walkers.openTurn();
  #checkedAtMs = performance.now();
  /** In this turn. */
  #walkedMs = 0;

  get isOver(): boolean {
    const now = performance.now();
    const turn = walkers.openTurn();
    // What lies between two turns was somebody else's: an answer of a database, say.
    const sinceMs = this.#turn === turn ? now - this.#checkedAtMs : 0;
    this.#walkedMs = this.#turn === turn ? this.#walkedMs + sinceMs : 0;
    this.#turn = turn;
    this.#checkedAtMs = now;
    return walkers.isOver(now, sinceMs, this.#walkedMs);
  }

  next(): Promise<void> {
    return walkers.lineUp();
  }
}

/**
 * For whoever holds what others wait for, such as a transaction: it does not line up. There are as few of these as may
 * have a transaction at once.
 */
export class UrgentSlices implements Slices {
  #endsAtMs = performance.now() + sliceMs;

  get isOver(): boolean {
    return performance.now() >= this.#endsAtMs;
  }

  async next(): Promise<void> {
    await new Promise(setImmediate);
    this.#endsAtMs = performance.now() + sliceMs;
  }
}

/** Between two steps that cannot be cut, such as pages that are read: the next one comes in a later turn, in line. */
export function giveWay(): Promise<void> {
  return walkers.lineUp();
}

/**
 * Visits all, at once as far as a slice reaches, the rest in later turns of the event loop. Of a Set or Map that changes
 * meanwhile, what is gone is not visited and what is new is. Rejects if `visit` throws.
 */
export async function forEachInSlices<Item>(
  items: Iterable<Item>,
  visit: (item: Item) => void,
  slices: Slices = new TimeSlices(),
): Promise<void> {
  for (const item of items) {
    visit(item);
    if (slices.isOver) await slices.next();
  }
}

/** As {@link forEachInSlices}, but evenly over so many ms. */
export async function forEachOver<Item>(
  items: readonly Item[],
  durationMs: number,
  visit: (item: Item) => void,
): Promise<void> {
  const begunAtMs = performance.now();
  for (let visited = 0; visited < items.length; ) {
    const share = durationMs === 0 ? 1 : (performance.now() - begunAtMs) / durationMs;
    const due = Math.min(items.length, Math.ceil(items.length * share) || 1);
    await forEachInSlices(items.slice(visited, due), visit);
    visited = Math.max(visited, due);
    if (visited < items.length) await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
}

/** Between two times at which some are visited. */
const stepMs = 10;

/** As Array's `map`, in slices. */
export async function mapInSlices<Item, Result>(
  items: Iterable<Item>,
  make: (item: Item) => Result,
  slices?: Slices,
): Promise<Result[]> {
  const made: Result[] = [];
  await forEachInSlices(items, (item) => made.push(make(item)), slices);
  return made;
}

/** As Array's `toSorted`, in slices: equal ones stay in their order. */
export async function sortedInSlices<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Promise<Item[]> {
  const slices = new TimeSlices();
  let runs: Item[][] = [];
  for (let from = 0; from < items.length; from += runLength) {
    runs.push(items.slice(from, from + runLength).sort(compare));
    if (slices.isOver) await slices.next();
  }
  while (runs.length > 1) {
    const longer: Item[][] = [];
    for (let index = 0; index < runs.length; index += 2) {
      const merged: Item[] = [];
      for (const item of merge(runs[index] ?? [], runs[index + 1] ?? [], compare)) {
        merged.push(item);
        if (merged.length % runLength === 0 && slices.isOver) await slices.next();
      }
      longer.push(merged);
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

/** Items that are sorted at once. */
const runLength = 256;

/** @param first and @param second are sorted; what is equal comes from `first` before */
function* merge<Item>(
  first: readonly Item[],
  second: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Generator<Item> {
  let next = 0;
  for (const item of first) {
    for (let other = second[next]; other !== undefined && compare(other, item) < 0; other = second[++next]) yield other;
    yield item;
  }
  for (; next < second.length; next += 1) yield second[next] as Item;
}

/** All who walk in this process, which has one event loop. */
class Walkers {
  /** Counts those in which somebody looked at the clock. */
  #turn = 0;
  #isTurnOpen = false;
  /** In this turn. */
  #newcomersMs = 0;
  readonly #line: (() => void)[] = [];
  /** Of whoever in line has its turn, with all that comes of it: nobody else runs meanwhile. */
  #pieceEndsAtMs: number | undefined;

  /** @returns the number of this turn of the event loop */
  openTurn(): number {
    if (this.#isTurnOpen) return this.#turn;
    this.#isTurnOpen = true;
    this.#newcomersMs = 0;
    setImmediate(this.#endTurn);
    return ++this.#turn;
  }

  readonly #endTurn = (): void => {
    this.#isTurnOpen = false;
  };

  /** @param sinceMs walked since it asked last, and @param walkedMs in this turn */
  isOver(now: number, sinceMs: number, walkedMs: number): boolean {
    if (this.#pieceEndsAtMs !== undefined) return now >= this.#pieceEndsAtMs;
    this.#newcomersMs += sinceMs;
    return this.#newcomersMs >= sliceMs || (this.#line.length > 0 && walkedMs >= leastPieceMs);
  }

  lineUp(): Promise<void> {
    if (this.#line.length === 0 && this.#pieceEndsAtMs === undefined) setImmediate(this.#serve);
    return new Promise((resolve) => this.#line.push(resolve));
  }

  readonly #serve = async (): Promise<void> => {
    // Who lines up again does so for the next turn.
    let waiting = this.#line.length;
    let now = performance.now();
    const endsAtMs = now + sliceMs;
    do {
      this.#pieceEndsAtMs = now + Math.max(leastPieceMs, (endsAtMs - now) / waiting);
      this.#line.shift()?.();
      await nothingLeftToRun();
      now = performance.now();
      waiting -= 1;
    } while (waiting > 0 && now < endsAtMs);
    this.#pieceEndsAtMs = undefined;
    if (this.#line.length > 0) setImmediate(this.#serve);
  };
}

const walkers = new Walkers();
