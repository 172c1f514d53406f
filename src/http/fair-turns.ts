/**
 * Whose request is worked on next when there is more to do than fits into a few milliseconds: callers in turns, so that
 * the many requests of one keep another waiting for one of them and not for all.
 */
import { performance } from 'node:perf_hooks';

export interface FairTurnsOptions {
  /** How long requests are taken as they come in one turn of the event loop. */
  readonly sliceMs?: number;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs?: () => number;
}

export class FairTurns {
  readonly #sliceMs: number;
  readonly #monotonicMs: () => number;
  /** By caller, who is next coming first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #isTurnOpen = false;
  #sliceEndsAtMs = 0;

  constructor({ sliceMs = 10, monotonicMs = () => performance.now() }: FairTurnsOptions = {}) {
    this.#sliceMs = sliceMs;
    this.#monotonicMs = monotonicMs;
  }

  /** Resolves when it is the caller's turn; undefined if that is now. */
  take(caller: string): Promise<void> | undefined {
    const nowMs = this.#monotonicMs();
    if (!this.#isTurnOpen) this.#openTurn(nowMs);
    if (this.#waiting.size === 0 && nowMs < this.#sliceEndsAtMs) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const line = this.#waiting.get(caller);
    if (line === undefined) this.#waiting.set(caller, [resolve]);
    else line.push(resolve);
    return promise;
  }

  #openTurn(nowMs: number): void {
    this.#isTurnOpen = true;
    this.#sliceEndsAtMs = nowMs + this.#sliceMs;
    setImmediate(this.#nextTurn);
  }

  readonly #nextTurn = (): void => {
    this.#isTurnOpen = false;
    // Nobody, as nearly always.
    if (this.#waiting.size > 0) void this.#admitInTurns();
  };

  /**
   * One after the other for as long as the slice lasts: how long a request takes shows only when it waits for something
   * or is done. What they ask of the stores goes out together, and then everything else has its turn.
   */
  async #admitInTurns(): Promise<void> {
    this.#openTurn(this.#monotonicMs());
    do {
      this.#admitNext();
      await nothingLeftToRun();
    } while (this.#waiting.size > 0 && this.#monotonicMs() < this.#sliceEndsAtMs);
  }

  #admitNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const [caller, line] = next;
    this.#waiting.delete(caller);
    const first = line.shift();
    // To the end of the round.
    if (line.length > 0) this.#waiting.set(caller, line);
    first?.();
  }
}

/** Resolves when all that can run in this turn of the event loop has; ticks come after whatever promises set going. */
function nothingLeftToRun(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
