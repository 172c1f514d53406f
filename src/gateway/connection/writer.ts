/**
 * The outgoing side of one connection: frames of one turn of the event loop leave in one system call, and a client
 * that does not read them is given up at a limit instead of being waited for (O2).
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { GatewayLimits } from '../limits.ts';

export type WriterLimits = Pick<GatewayLimits, 'maxQueuedBytes' | 'maxQueuedFrames'>;

export class Writer {
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #flushes: FlushQueue;
  readonly #limits: WriterLimits;
  readonly #onOverflow: () => void;
  #batchFrames = 0;
  /** Counted over the life of the connection, in order: what is queued lies between the two. */
  #sentFrames = 0;
  #goneFrames = 0;

  /**
   * @param socket the TCP connection under `ws`
   * @param onOverflow the client does not keep up: called instead of queueing one frame more
   */
  constructor(ws: WebSocket, socket: Duplex, flushes: FlushQueue, limits: WriterLimits, onOverflow: () => void) {
    this.#ws = ws;
    this.#socket = socket;
    this.#flushes = flushes;
    this.#limits = limits;
    this.#onOverflow = onOverflow;
  }

  /** Queues a binary frame (bytes) or a text frame. Bytes are not copied: they must not change afterwards. */
  send(frame: Buffer | string): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    if (this.#isFull()) {
      this.flush();
      if (this.#isFull()) {
        this.#onOverflow();
        return;
      }
    }
    if (this.#batchFrames === 0) this.#beginBatch();
    this.#batchFrames++;
    const index = ++this.#sentFrames;
    this.#ws.send(frame, () => {
      this.#goneFrames = Math.max(this.#goneFrames, index);
    });
    if (this.#batchFrames >= maxBatchFrames) this.flush();
  }

  /** Hands everything queued to the operating system, which may not take all of it. */
  flush(): void {
    if (this.#batchFrames === 0) return;
    this.#batchFrames = 0;
    this.#socket.uncork();
    // What the operating system took at once is gone before the callbacks of its frames are called.
    if (this.#ws.bufferedAmount === 0) this.#goneFrames = this.#sentFrames;
  }

  /** Judged before a frame is added, so that a reply of any size goes to a client that reads. */
  #isFull(): boolean {
    const { maxQueuedBytes, maxQueuedFrames } = this.#limits;
    return this.#ws.bufferedAmount >= maxQueuedBytes || this.#sentFrames - this.#goneFrames >= maxQueuedFrames;
  }

  #beginBatch(): void {
    this.#socket.cork();
    this.#flushes.add(this);
  }
}

/** Collects the writers that got frames in this turn of the event loop. One per gateway. */
export class FlushQueue {
  #writers: Writer[] = [];

  add(writer: Writer): void {
    this.#writers.push(writer);
    if (this.#writers.length === 1) setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) writer.flush();
  };
}

/** So that a long burst to one client is on its way before the burst is over. */
const maxBatchFrames = 64;
