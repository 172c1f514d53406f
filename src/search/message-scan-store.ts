/** What looking through all messages needs from a durable store. */

/** Where a message stands in the order of times; within a log its seq alone says it. */
export interface MessagePlace {
  /** Unix ms. */
  readonly sentAt: number;
  readonly logID: string;
  readonly seq: number;
}

/** As much of a stored message as is looked at before it is read. */
export interface ScannedMessage extends MessagePlace {
  readonly sendID: string;
  readonly contentType: number;
}

export interface MessageScanStore {
  /**
   * The messages of every log with start <= time < end (Unix ms), by time, log and seq.
   * @param after the last one of the piece before; undefined for the first piece
   * @param limit at most so many
   */
  between(start: number, end: number, after: MessagePlace | undefined, limit: number): Promise<ScannedMessage[]>;
  /** The messages of a log with seq > `afterSeq`, by seq; at most `limit`. */
  inLog(logID: string, afterSeq: number, limit: number): Promise<ScannedMessage[]>;
  /** The encoded MsgData, with seq, of each place; undefined where there is none any more. */
  bodies(places: readonly MessagePlace[]): Promise<(Buffer | undefined)[]>;
}
