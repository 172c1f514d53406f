/**
 * From the logger to its stream, so that nothing that happens to a log ends the server or holds it up: a reader that has
 * gone, one that does not read, a disk that is full.
 */

/** `writableLength`: what waits for the reader, where the stream knows. */
type LogStream = NodeJS.WritableStream & { readonly writableLength?: number };

export class LogOutput {
  readonly #stream: LogStream;
  readonly #maxPendingBytes: number;
  #isGone = false;
  #dropped = 0;
  /** Told how many lines were dropped, once there is room for lines again. */
  onRoom: (dropped: number) => void = () => {};

  /**
   * @param stream somebody else listens to its 'error', as the program does for standard output
   * @param maxPendingBytes what may wait for a reader; lines beyond it are dropped
   */
  constructor(stream: LogStream, maxPendingBytes = 4 * 1024 * 1024) {
    this.#stream = stream;
    this.#maxPendingBytes = maxPendingBytes;
  }

  write(line: string): void {
    if (this.#isGone) return;
    if (this.#isFull()) {
      this.#dropped += 1;
      return;
    }
    if (this.#dropped > 0) {
      const dropped = this.#dropped;
      this.#dropped = 0;
      this.onRoom(dropped);
    }
    this.#stream.write(line, (error) => {
      // Nobody can open the other end of a pipe again. A full disk may get room.
      if (isReaderGone(error)) this.#isGone = true;
    });
  }

  #isFull(): boolean {
    return (this.#stream.writableLength ?? 0) > this.#maxPendingBytes;
  }
}

/** Whether a write failed because nobody is left at the other end: `tessera ... | head`, a log shipper that died. */
export function isReaderGone(error: Error | null | undefined): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}
