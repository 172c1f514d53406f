/**
 * Whose request is worked on next: callers in turns, so that the many requests of one keep another waiting for a few of
 * them and not for all. Work begins when what has arrived has been read, and several short requests go through it side
 * by side: the processor takes a third less time for the same step many times than for all steps of one after another.
 */
import { performance } from 'node:perf_hooks';
import { nothingLeftToRun } from '../kernel/nothing-left-to-run.ts';

export interface FairTurnsOptions {
  /** How long requests are taken one after the other before everything else has its turn. */
  readonly sliceMs?: number;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs?: () => number;
}

/** Requests that go side by side. */
const mostAtOnce = 16;
/** Of their bodies: what is longer takes longer. */
const mostBytesAtOnce = 16 * 1024;
/** In that time they have to be done, or the next ones go one by one. */
const shortMs = 2;

export class FairTurns {
  readonly #sliceMs: number;
  readonly #monotonicMs: () => number;
  /** By caller, who is next coming first. */
  readonly #waiting = new Map<string, Waiting[]>();
  #isSliceDue = false;
  /** How many there have been. */
  #slices = 0;
  #atOnce = 1;

  constructor({ sliceMs = 10, monotonicMs = () => performance.now() }: FairTurnsOptions = {}) {
    this.#sliceMs = sliceMs;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Resolves when it is the caller's turn.
   * @returns whether there was more to do before than fits into a slice
   */
  take(caller: string, { bytes = 0, isUser = false }: TurnOptions = {}): Promise<boolean> {
    if (!this.#isSliceDue) {
      this.#isSliceDue = true;
      setImmediate(this.#admitInTurns);
    }
    return new Promise((resolve) => {
      const waiting = { bytes, isUser, since: this.#slices, resolve };
      const line = this.#waiting.get(caller);
      if (line === undefined) this.#waiting.set(caller, [waiting]);
      else line.push(waiting);
    });
  }

  /**
   * For as long as the slice lasts: how long requests take shows only when they wait for something or are done. What they
   * ask of the stores goes out together, and then everything else has its turn.
   */
  readonly #admitInTurns = async (): Promise<void> => {
    let nowMs = this.#monotonicMs();
    const endsAtMs = nowMs + this.#sliceMs;
    do {
      const beganMs = nowMs;
      this.#admitSome();
      await nothingLeftToRun();
      nowMs = this.#monotonicMs();
      this.#atOnce = nowMs - beganMs < shortMs ? Math.min(2 * this.#atOnce, mostAtOnce) : 1;
    } while (this.#waiting.size > 0 && nowMs < endsAtMs);
    this.#slices++;
    this.#isSliceDue = this.#waiting.size > 0;
    if (this.#isSliceDue) setImmediate(this.#admitInTurns);
  };

  #admitSome(): void {
    const users = new Set<string>();
    let bytes = 0;
    for (let count = 0; count < this.#atOnce && bytes < mostBytesAtOnce; count++) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const [caller, line] = next;
      // Everybody has had a turn.
      if (users.has(caller)) return;
      this.#waiting.delete(caller);
      const first = line.shift();
      // To the end of the round.
      if (line.length > 0) this.#waiting.set(caller, line);
      if (first === undefined) continue;
      if (first.isUser) users.add(caller);
      bytes += first.bytes;
      first.resolve(first.since !== this.#slices);
    }
  }
}

export interface TurnOptions {
  /** Of the request's body. */
  readonly bytes?: number;
  /**
   * Somebody who speaks for nobody else: of their requests no two go side by side, since short ones may be followed by as
   * many costly ones.
   */
  readonly isUser?: boolean;
}

interface Waiting extends Required<TurnOptions> {
  /** How many slices there had been. */
  readonly since: number;
  readonly resolve: (wasHeldUp: boolean) => void;
}
