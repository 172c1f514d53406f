/** What the statistics need from a durable store. */

/** As much of a stored message as is counted; names its place in the order of times, too. */
export interface SentMessage {
  /** Unix ms. */
  readonly sentAt: number;
  readonly logID: string;
  readonly seq: number;
  readonly sendID: string;
}

export interface ActivityStore {
  /**
   * The messages of every log with start <= time < end (Unix ms), by time, log and seq.
   * @param after the last one of the piece before; undefined for the first piece
   * @param limit at most so many
   */
  sentBetween(start: number, end: number, after: SentMessage | undefined, limit: number): Promise<SentMessage[]>;
}
