/**
 * Pushes to many sockets in slices of time, so that a message to thousands does not keep everybody else waiting. Lanes
 * (conversations, users who are watched) take turns; within one, pushes keep their order.
 */
import { lookAtClockEvery, sliceMs } from '../kernel/time-slices.ts';

interface Job<Receiver> {
  readonly receivers: readonly Receiver[];
  readonly push: (receiver: Receiver) => void;
  next: number;
}

export class FanOut<Receiver> {
  /** By lane, the first job under way. Without those of which nothing is left. */
  #lanes = new Map<string, Job<Receiver>[]>();
  /** Of this turn of the event loop, by the monotonic clock; undefined before its first push. */
  #sliceEndsAtMs: number | undefined;

  /**
   * Pushes to each receiver in order: at once if the slice of this turn allows it, and else in later turns.
   * @param key of the lane
   */
  start(key: string, receivers: readonly Receiver[], push: (receiver: Receiver) => void): void {
    const job = { receivers, push, next: 0 };
    const lane = this.#lanes.get(key);
    if (lane !== undefined) lane.push(job);
    else if (!this.#work(job)) this.#lanes.set(key, [job]);
  }

  readonly #onTurn = (): void => {
    this.#sliceEndsAtMs = undefined;
    // A piece of each in turn: those that are not done go to the end.
    for (const [key, lane] of this.#lanes) {
      if (this.#isOver()) return;
      const [job] = lane;
      this.#lanes.delete(key);
      if (job !== undefined && this.#work(job, pieceLength)) lane.shift();
      if (lane.length > 0) this.#lanes.set(key, lane);
    }
    if (this.#lanes.size === 0) this.#lanes = new Map();
  };

  /** @returns whether nothing of the job is left */
  #work(job: Job<Receiver>, most = Number.POSITIVE_INFINITY): boolean {
    const end = Math.min(job.receivers.length, job.next + most);
    while (job.next < end) {
      if (job.next % lookAtClockEvery === 0 && this.#isOver()) return false;
      job.push(job.receivers[job.next++] as Receiver);
    }
    return job.next === job.receivers.length;
  }

  #isOver(): boolean {
    const now = performance.now();
    if (this.#sliceEndsAtMs === undefined) {
      this.#sliceEndsAtMs = now + sliceMs;
      setImmediate(this.#onTurn);
    }
    return now >= this.#sliceEndsAtMs;
  }
}

/** Of a job, before it is another lane's turn; a multiple of `lookAtClockEvery`. */
const pieceLength = 64;
