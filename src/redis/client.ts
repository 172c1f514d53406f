/**
 * What Tessera asks of Redis or Valkey, and the one place that knows the client library. A server that is away or slow
 * makes commands fail at once, never queue: its callers must answer 500 and go on (T5).
 */
import { createHash } from 'node:crypto';
import { createClient } from 'redis';

/** A Lua script as the server knows it. See {@link redisScript}. */
export interface RedisScript {
  readonly source: string;
  readonly sha1: string;
}

export interface RedisClient extends AsyncDisposable {
  /**
   * Runs a script, sending its text only when the server does not have it yet.
   * @param keys all in one Cluster slot
   */
  evalScript(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  get(key: string): Promise<string | null>;
  /** Resolves if the server answers; rejects otherwise. */
  ping(): Promise<void>;
}

export interface RedisClientOptions {
  /** Hears of lost connections and failed attempts to connect again; the client goes on by itself. */
  readonly onConnectionFailure: (error: unknown) => void;
  /** The connection is back after a loss. */
  readonly onReconnect?: () => void;
  /** How long a command may take before it fails. Whether it took effect is then unknown. */
  readonly commandTimeoutMs?: number;
}

export function redisScript(source: string): RedisScript {
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}

/**
 * @param url redis:// or rediss://, with credentials and database number if need be
 * @throws if the server cannot be reached now; later losses are reconnected, with growing pauses, for ever.
 */
export async function connectRedis(url: string, options: RedisClientOptions): Promise<RedisClient> {
  const { onConnectionFailure, onReconnect, commandTimeoutMs = 2000 } = options;
  let hasConnected = false;
  const client = createClient({
    url,
    name: 'tessera',
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    socket: {
      connectTimeout: 5000,
      reconnectStrategy: (retries, cause) => (hasConnected ? reconnectPauseMs(retries) : cause),
    },
  });
  client.on('error', (error: unknown) => {
    if (hasConnected) onConnectionFailure(error);
  });
  await client.connect();
  hasConnected = true;
  client.on('ready', () => onReconnect?.());

  const limited = <T>(command: Promise<T>) => withTimeout(command, commandTimeoutMs);
  return {
    evalScript: (script, keys, args) => {
      const parameters = { keys: [...keys], arguments: [...args] };
      return limited(
        client.evalSha(script.sha1, parameters).catch((error: unknown) => {
          if (!isUnknownScript(error)) throw error;
          return client.eval(script.source, parameters);
        }),
      );
    },
    get: (key) => limited(client.get(key)),
    ping: async () => {
      await limited(client.ping());
    },
    [Symbol.asyncDispose]: async () => {
      // Waits for the answers on their way, but not for a server that no longer gives any.
      await limited(client.close()).catch(() => client.destroy());
    },
  };
}

function reconnectPauseMs(retries: number): number {
  return Math.min(50 * 2 ** Math.min(retries, 10), 2000);
}

/** After a restart, a failover or SCRIPT FLUSH. */
function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: timedOut, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`redis gave no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([work, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}
