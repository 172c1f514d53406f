/**
 * One connection to one Redis server, from its opening to its loss: it never connects again and never queues for later.
 * The only place that knows the client library.
 */
import { RedisClient } from '@redis/client';
import { formatAddress, type RedisAddress, type RedisCredentials } from './redis-url.ts';

/** A command with what it takes; text goes as UTF-8. */
export type CommandArguments = readonly (string | Buffer)[];

/** Where to connect, and as whom. */
export interface ConnectionTarget {
  readonly address: RedisAddress;
  readonly usesTls: boolean;
  readonly credentials: RedisCredentials;
  readonly database: number;
  /** How long a command may take before it fails. Whether it took effect is then unknown. */
  readonly commandTimeoutMs: number;
}

export interface Connection {
  /** host:port */
  readonly address: string;
  readonly isOpen: boolean;
  /**
   * The reply as Redis's protocol version 2 has it: text, integer, null or list of these. Rejects with the server's
   * error, when the connection is lost, or when the time limit is over.
   */
  send(args: CommandArguments): Promise<unknown>;
  /** Like `send`, for a slot that is on its way to this server (redirection ASK). */
  sendAsking(args: CommandArguments): Promise<unknown>;
  /** Resolves when the server has confirmed all channels; from then on the connection is good for nothing else. */
  subscribe(channels: readonly string[], onMessage: (channel: string, message: Buffer) => void): Promise<void>;
  /** Ends after the answers on their way, but does not wait for a server that gives none. */
  close(): Promise<void>;
  /** Ends at once; what waits for an answer is rejected. */
  destroy(): void;
}

export interface ConnectionLife {
  /** Gives up the opening when aborted. */
  readonly signal: AbortSignal;
  /** Called once and at once when the connection is lost after it was open; not after `close` or `destroy`. */
  readonly onLost: (error: unknown) => void;
}

const OPEN_LIMIT_MS = 5000;

/** Connects and introduces itself. Rejects when that fails, takes too long, or the signal aborts it. */
export async function openConnection(
  target: ConnectionTarget,
  { signal, onLost }: ConnectionLife,
): Promise<Connection> {
  signal.throwIfAborted();
  const connection = new NodeRedisConnection(target, onLost);
  await connection.open(signal);
  return connection;
}

class NodeRedisConnection implements Connection {
  readonly address: string;
  readonly #client: ReturnType<typeof newClient>;
  readonly #onLost: (error: unknown) => void;
  readonly #commandTimeoutMs: number;
  #state: 'opening' | 'open' | 'ended' = 'opening';
  #silence: NodeJS.Timeout | undefined;

  constructor(target: ConnectionTarget, onLost: (error: unknown) => void) {
    this.address = formatAddress(target.address);
    this.#onLost = onLost;
    this.#commandTimeoutMs = target.commandTimeoutMs;
    this.#client = newClient(target);
    this.#client.on('error', (error: unknown) => this.#lose(error));
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  async open(signal: AbortSignal): Promise<void> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    const late = new Error(`Redis at ${this.address} did not accept the connection within ${OPEN_LIMIT_MS} ms`);
    const limit = setTimeout(reject, OPEN_LIMIT_MS, late);
    const connected = this.#client.connect();
    // The library does not end a connection that is only just being made.
    connected.then(
      () => this.#state === 'ended' && this.#client.destroy(),
      () => {},
    );
    try {
      await Promise.race([connected, aborted]);
      if (!this.#client.isReady) throw this.#noConnection();
      this.#state = 'open';
    } catch (error) {
      this.destroy();
      throw error;
    } finally {
      clearTimeout(limit);
      signal.removeEventListener('abort', onAbort);
    }
  }

  send(args: CommandArguments): Promise<unknown> {
    if (!this.isOpen) return Promise.reject(this.#noConnection());
    return this.#limited(this.#client.sendCommand(args));
  }

  sendAsking(args: CommandArguments): Promise<unknown> {
    // One right after the other: the permission is good for one command.
    this.send(['ASKING']).catch(() => {});
    return this.send(args);
  }

  async subscribe(channels: readonly string[], onMessage: (channel: string, message: Buffer) => void): Promise<void> {
    if (!this.isOpen) throw this.#noConnection();
    const listener = (message: Buffer, channel: Buffer) => onMessage(channel.toString(), message);
    await this.#limited(this.#client.subscribe([...channels], listener, true));
  }

  async close(): Promise<void> {
    if (!this.isOpen) return this.destroy();
    this.#end();
    await this.#limited(this.#client.close()).catch(() => {});
    this.#client.destroy();
  }

  destroy(): void {
    this.#end();
    this.#client.destroy();
  }

  #noConnection(): Error {
    return new Error(`no connection to Redis at ${this.address}`);
  }

  #limited<T>(answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`Redis at ${this.address} gave no answer within ${this.#commandTimeoutMs} ms`));
        this.#noticeSilence();
      }, this.#commandTimeoutMs);
      answer.then(
        (value) => {
          clearTimeout(timer);
          this.#endSilence();
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          this.#endSilence();
          reject(error);
        },
      );
    });
  }

  /**
   * A server that is merely slow answers late. One that says nothing more for as long again is gone without having
   * closed the connection: that would otherwise be noticed after a quarter of an hour.
   */
  #noticeSilence(): void {
    if (this.#state !== 'open') return;
    this.#silence ??= setTimeout(
      () => this.#lose(new Error(`Redis at ${this.address} has fallen silent`)),
      this.#commandTimeoutMs,
    );
  }

  #endSilence(): void {
    if (this.#silence === undefined) return;
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  #lose(error: unknown): void {
    if (this.#state !== 'open') return; // failing to open is told by open()
    this.#end();
    // Not inside the library's own handling of the loss, which gives what waits for an answer the true reason.
    setImmediate(() => this.#client.destroy());
    this.#onLost(error);
  }

  #end(): void {
    this.#state = 'ended';
    this.#endSilence();
  }
}

function newClient({ address, usesTls, credentials: { username, password }, database }: ConnectionTarget) {
  const socket = { ...address, reconnectStrategy: false, connectTimeout: OPEN_LIMIT_MS } as const;
  return new RedisClient({
    name: 'tessera',
    // Replies alike from every version of Redis and Valkey, and no greeting that a proxy might not know.
    RESP: 2,
    maintNotifications: 'disabled',
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    // The library's own limit ends when a command is written, and costs more than the command.
    commandOptions: { timeout: 0 },
    socket: usesTls ? { ...socket, tls: true } : socket,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
  });
}
