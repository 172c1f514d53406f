/** Keeps one connection open for as long as it can: after a loss it opens another, with growing pauses, for ever. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, ConnectionLife } from './connection.ts';

export interface LinkOptions {
  /** What the link leads to, for errors. */
  readonly name: string;
  /** One attempt; may choose another server each time. */
  readonly open: (life: ConnectionLife) => Promise<Connection>;
  /** There is a connection: the first, or another after a loss. */
  readonly onUp?: (connection: Connection) => void;
  /** Called at once when the connection is lost or given up. */
  readonly onDown?: (error: unknown) => void;
  /** An attempt to connect again has failed; the next follows by itself. */
  readonly onFailure?: (error: unknown) => void;
}

const LONGEST_PAUSE_MS = 2000;
/** A connection that has lived this long is a good one: after its loss, the first attempt comes without a pause. */
const SETTLED_AFTER_MS = 3000;

export class Link implements AsyncDisposable {
  readonly #options: LinkOptions;
  #connection: Connection | undefined;
  /** Why there is no connection. */
  #reason: unknown;
  #isClosed = false;
  #failures = 0;
  #isSettled = false;
  #settling: NodeJS.Timeout | undefined;
  /** Ends the pause or the attempt that is under way. */
  #current = new AbortController();
  #reconnecting: Promise<void> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Connects; rejects if this one attempt fails. */
  async connect(): Promise<void> {
    await this.#attempt(this.#current.signal);
  }

  /** Connects in the background, unless it is connected or at it already. */
  keepConnecting(): void {
    if (this.#isClosed || this.isUp) return;
    this.#reconnecting ??= this.#reconnect();
  }

  get isUp(): boolean {
    return this.#connection !== undefined;
  }

  /** The open connection. Throws at once while there is none. */
  get connection(): Connection {
    if (this.#connection !== undefined) return this.#connection;
    throw new Error(`no connection to ${this.#options.name}`, { cause: this.#reason });
  }

  /**
   * The connection seems to lead to the wrong server: another is opened. Not when it is new, or not the link's any
   * more: while the right server is nowhere to be found, the wrong one still answers reads.
   */
  doubt(connection: Connection, reason: unknown): void {
    if (connection === this.#connection && this.#isSettled) this.#giveUp(connection, reason);
  }

  /** Whatever there is, a connection, a pause or an attempt, is given up for a new attempt at once. */
  startOver(reason: unknown): void {
    if (this.#isClosed) return;
    this.#failures = 0;
    this.#abandon(reason);
    if (this.#connection !== undefined) this.#giveUp(this.#connection, reason);
    else this.keepConnecting();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#settling);
    this.#abandon(new Error(`the link to ${this.#options.name} was closed`));
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
    await this.#reconnecting;
  }

  #giveUp(connection: Connection, reason: unknown): void {
    connection.destroy();
    this.#lose(reason);
  }

  #abandon(reason: unknown): void {
    const abandoned = this.#current;
    this.#current = new AbortController();
    abandoned.abort(reason);
  }

  async #reconnect(): Promise<void> {
    while (!this.#isClosed && !this.isUp) {
      const { signal } = this.#current;
      try {
        await delay(pauseMs(this.#failures++), undefined, { signal });
        await this.#attempt(signal);
      } catch (error) {
        if (signal.aborted) continue;
        this.#reason = error;
        this.#options.onFailure?.(error);
      }
    }
    // In the same breath as the last look at `isUp`: a loss right afterwards must find nobody at it.
    this.#reconnecting = undefined;
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    let connection: Connection | undefined;
    const onLost = (error: unknown) => {
      if (connection !== undefined && connection === this.#connection) this.#lose(error);
    };
    connection = await this.#options.open({ signal, onLost });
    if (signal.aborted) connection.destroy();
    signal.throwIfAborted();
    if (!connection.isOpen) throw new Error(`${connection.address} ended the connection at once`);
    this.#connection = connection;
    this.#isSettled = false;
    this.#settling = setTimeout(() => {
      this.#isSettled = true;
      this.#failures = 0;
    }, SETTLED_AFTER_MS).unref();
    this.#options.onUp?.(connection);
  }

  #lose(reason: unknown): void {
    this.#connection = undefined;
    this.#reason = reason;
    clearTimeout(this.#settling);
    this.#options.onDown?.(reason);
    this.keepConnecting();
  }
}

function pauseMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(50 * 2 ** Math.min(failures - 1, 10), LONGEST_PAUSE_MS);
}
