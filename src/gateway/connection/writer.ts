/**
 * The outgoing side of one connection: frames of one turn of the event loop leave in one system call. A client that
 * does not read them is given up when nothing has left for some time, or at a limit, instead of being waited for (O2).
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { lookAtClockEvery, sliceMs } from '../../kernel/time-slices.ts';
import type { GatewayLimits } from '../limits.ts';
import { type DirectWrite, DirectWrites } from './direct-writes.ts';

export type WriterLimits = Pick<GatewayLimits, 'maxQueuedBytes' | 'maxQueuedFrames' | 'maxStuckSeconds'>;

export interface WriterListener {
  /** The client does not keep up: called instead of queueing one frame more. */
  onOverflow(): void;
  /** {@link Writer.isBehind} does not hold any more. */
  onRoom(): void;
}

/** Frames and their bytes, counted over the life of the connection. */
interface Count {
  frames: number;
  bytes: number;
}

export class Writer {
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #flushes: FlushQueue;
  readonly #limits: WriterLimits;
  readonly #listener: WriterListener;
  /** Not handed to the socket yet. */
  readonly #waiting: (Buffer | string)[] = [];
  /** In order: what is queued lies between the first and the last. */
  readonly #accepted: Count = { frames: 0, bytes: 0 };
  readonly #handed: Count = { frames: 0, bytes: 0 };
  readonly #gone: Count = { frames: 0, bytes: 0 };
  /** What is handed over at the end of this turn. */
  #batch: (Buffer | string)[] = [];
  #isBehind = false;
  /** Frames gone at the last look, and looks since at which nothing more had. */
  #goneAtLook = 0;
  #looksInVain = 0;

  /** @param socket the TCP connection under `ws`, which is to compress nothing: what both write is then in order */
  constructor(ws: WebSocket, socket: Duplex, flushes: FlushQueue, limits: WriterLimits, listener: WriterListener) {
    this.#ws = ws;
    this.#socket = socket;
    this.#flushes = flushes;
    this.#limits = limits;
    this.#listener = listener;
  }

  /** So much is queued that requests of this client should wait, whose answers would only add to it. */
  get isBehind(): boolean {
    if (this.#accepted.bytes - this.#gone.bytes < behindBytes) return false;
    this.flush();
    this.#isBehind = this.#accepted.bytes - this.#gone.bytes >= behindBytes;
    return this.#isBehind;
  }

  /**
   * Queues a whole WebSocket frame (bytes, see {@link binaryFrame}) or the text of one. Bytes are not copied: they must not
   * change afterwards.
   */
  send(frame: Buffer | string): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    if (this.#isFull()) {
      this.flush();
      if (this.#isFull()) {
        this.#listener.onOverflow();
        return;
      }
    }
    this.#accepted.frames++;
    this.#accepted.bytes += frame.length;
    const isHanded = this.#waiting.length === 0 && this.#handed.bytes - this.#gone.bytes < mostHandedBytes;
    const isOnItsWay = isHanded && this.#isIdle();
    const kept = isOnItsWay ? frame : this.#flushes.ownMemoryOf(frame);
    if (isHanded) this.#hand(kept);
    else this.#waiting.push(kept);
  }

  /** Hands what it may to the operating system, which may not take all of it. */
  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#isIdle() ? joined(this.#batch) : this.#batch;
    this.#batch = [];
    const { frames, bytes } = this.#handed;
    const onGone = () => this.#onGone(frames, bytes);
    // Nothing may follow the close frame with which the library has answered its client.
    const isOpen = this.#ws.readyState === this.#ws.OPEN;
    const direct = isOpen ? this.#writeDirectly(batch, onGone) : undefined;
    if (direct === 'leaving') return;
    if (isOpen && direct === undefined) this.#write(batch);
    // What the operating system took at once is gone without a callback.
    if (this.#ws.bufferedAmount === 0) onGone();
    // It is all gone when this is, which is nothing and lies behind it.
    else if (isOpen) this.#socket.write(nothing, onGone);
  }

  /** Hands everything to the socket: nothing is to be sent through here any more. */
  finish(): void {
    for (const frame of this.#waiting.splice(0)) this.#hand(frame);
    this.flush();
  }

  /** To be called once a second. @returns whether something is queued and nothing has left for too long */
  isStuck(): boolean {
    const { frames } = this.#gone;
    const isMoving = frames === this.#accepted.frames || frames !== this.#goneAtLook;
    this.#goneAtLook = frames;
    this.#looksInVain = isMoving ? 0 : this.#looksInVain + 1;
    return this.#looksInVain >= this.#limits.maxStuckSeconds;
  }

  /** Judged before a frame is added, so that a reply of any size goes to a client that reads. */
  #isFull(): boolean {
    const { maxQueuedBytes, maxQueuedFrames } = this.#limits;
    return (
      this.#accepted.bytes - this.#gone.bytes >= maxQueuedBytes ||
      this.#accepted.frames - this.#gone.frames >= maxQueuedFrames
    );
  }

  /** Nothing is on its way but what this turn has brought. */
  #isIdle(): boolean {
    return this.#handed.frames - this.#gone.frames === this.#batch.length;
  }

  #hand(frame: Buffer | string): void {
    if (this.#batch.length === 0) this.#flushes.add(this);
    this.#batch.push(frame);
    this.#handed.frames++;
    this.#handed.bytes += frame.length;
    if (this.#batch.length >= maxBatchFrames) this.flush();
  }

  /** A single frame with nothing before it in the stream, as nearly always. */
  #writeDirectly(frames: readonly (Buffer | string)[], onGone: () => void): DirectWrite | undefined {
    const [frame] = frames;
    if (frames.length > 1 || !Buffer.isBuffer(frame) || this.#ws.bufferedAmount > 0) return undefined;
    return this.#flushes.directWrites.write(this.#socket, frame, onGone);
  }

  #write(frames: readonly (Buffer | string)[]): void {
    // A single one is not: what is corked goes through a queue of the stream.
    const isCorked = frames.length > 1;
    if (isCorked) this.#socket.cork();
    for (const frame of frames) {
      if (typeof frame === 'string') this.#ws.send(frame);
      else this.#socket.write(frame);
    }
    if (isCorked) this.#socket.uncork();
  }

  /** Frames leave in order: all up to this count are gone. */
  #onGone(frames: number, bytes: number): void {
    if (frames <= this.#gone.frames) return;
    this.#gone.frames = frames;
    this.#gone.bytes = bytes;
    while (this.#waiting.length > 0 && this.#handed.bytes - this.#gone.bytes < mostHandedBytes) {
      this.#hand(this.#waiting.shift() as Buffer | string);
    }
    if (this.#isBehind && this.#accepted.bytes - this.#gone.bytes < behindBytes) {
      this.#isBehind = false;
      this.#listener.onRoom();
    }
  }
}

/** What the writers share: one per gateway. Collects those that got frames in this turn of the event loop. */
export class FlushQueue {
  #writers: Writer[] = [];
  readonly #owned = new WeakMap<Buffer, Buffer>();
  readonly directWrites = new DirectWrites();

  /**
   * The frame in memory of its own, one copy for all who keep it. Node cuts short ones from a piece of 64 KiB, together
   * with what is soon forgotten, and a frame that stays would hold all of that.
   */
  ownMemoryOf(frame: Buffer | string): Buffer | string {
    if (typeof frame === 'string' || frame.length === frame.buffer.byteLength) return frame;
    const known = this.#owned.get(frame);
    if (known !== undefined) return known;
    const owned = Buffer.allocUnsafeSlow(frame.length);
    owned.set(frame);
    this.#owned.set(frame, owned);
    return owned;
  }

  add(writer: Writer): void {
    this.#writers.push(writer);
    if (this.#writers.length === 1) setImmediate(this.#flush);
  }

  /** For one slice of time; the rest comes in later turns. */
  readonly #flush = (): void => {
    const endsAtMs = performance.now() + sliceMs;
    const writers = this.#writers;
    this.#writers = [];
    let flushed = 0;
    for (const writer of writers) {
      writer.flush();
      flushed += 1;
      if (flushed % lookAtClockEvery > 0 || performance.now() < endsAtMs) continue;
      this.#writers = writers.slice(flushed).concat(this.#writers);
      if (this.#writers.length > 0) setImmediate(this.#flush);
      return;
    }
  };
}

/**
 * Short frames as one: to copy a reply and the pushes behind it costs less than their way through the queue of the
 * stream, and a system call with several buffers.
 */
function joined(batch: readonly (Buffer | string)[]): readonly (Buffer | string)[] {
  if (batch.length === 1) return batch;
  let bytes = 0;
  for (const frame of batch) {
    if (typeof frame === 'string') return batch;
    bytes += frame.length;
  }
  return bytes > mostJoinedBytes ? batch : [Buffer.concat(batch as readonly Buffer[], bytes)];
}

const nothing = Buffer.alloc(0);

const mostJoinedBytes = 16 * 1024;

/** So that a long burst to one client is on its way before the burst is over. */
const maxBatchFrames = 64;

/** What a slow link is given at once: only when all of it has left does a client show that it reads. */
const mostHandedBytes = 256 * 1024;

const behindBytes = 1024 * 1024;
