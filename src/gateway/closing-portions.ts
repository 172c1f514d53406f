/**
 * Ends many sockets in portions with rests between them. Each answers with a close frame, and the event loop takes in all
 * that have come before anybody else has a turn: of thousands that are ended at once these keep others waiting, however
 * short the slices are in which they were ended.
 */
import { type Slices, TimeSlices } from '../kernel/time-slices.ts';

/** What 32 answers take is about a millisecond. */
export const socketsAtOnce = 32;
export const restMs = 6;

export class ClosingPortions implements Slices {
  readonly #slices = new TimeSlices();
  #ended = 0;

  /** To be called for each socket that was ended; of those that are only looked at as many as fit into a slice. */
  count(): void {
    this.#ended += 1;
  }

  get isOver(): boolean {
    return this.#ended >= socketsAtOnce || this.#slices.isOver;
  }

  async next(): Promise<void> {
    if (this.#ended < socketsAtOnce) return this.#slices.next();
    this.#ended = 0;
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }
}
