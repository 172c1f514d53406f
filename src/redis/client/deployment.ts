/** How commands find their server: what one server, Sentinel and Cluster do each in their own way. */
import type { RedisNode } from './client.ts';
import type { CommandArguments, ConnectionTarget } from './connection.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface Deployment extends AsyncDisposable {
  /**
   * Sends a command to the master that holds `key`; without a key, to any. Rejects at once while there is no
   * connection. Never sends again what may have had its effect.
   */
  send(key: string | undefined, args: CommandArguments): Promise<unknown>;
  /** Like `send`, for a script, which may touch further keys of the slot of `key`. */
  sendScript(key: string | undefined, args: readonly string[]): Promise<unknown>;
  /** @param keys all in one Cluster slot */
  mget(keys: readonly string[]): Promise<readonly (string | null)[]>;
  readonly subscriptions: Subscriptions;
  masters(): Promise<readonly RedisNode[]>;
  /** Resolves if every master answers. */
  ping(): Promise<void>;
}

export interface DeploymentOptions {
  readonly commandTimeoutMs: number;
  /** Hears of lost connections and failed attempts to connect again. */
  readonly onConnectionFailure: (error: unknown) => void;
  /** A connection for commands is back after a loss. */
  readonly onReconnect: () => void;
}

/** What all connections of a deployment have in common. */
export type ConnectionDefaults = Omit<ConnectionTarget, 'address'>;

/** @param command sends to this master and no other */
export function redisNode(address: string, command: RedisNode['command']): RedisNode {
  return {
    address,
    command,
    async *scan(match, count = 1000) {
      let cursor = '0';
      do {
        const reply = await command(['SCAN', cursor, 'MATCH', match, 'COUNT', String(count)]);
        const [next, keys] = reply as [string, string[]];
        yield keys;
        cursor = next;
      } while (cursor !== '0');
    },
  };
}

/** Whether the server said that it is no master (any more), itself or from inside a script. */
export function isFromReplica(error: unknown): boolean {
  return error instanceof Error && /(^|-)(READONLY|MASTERDOWN) /.test(error.message);
}

/** Resolves with the first that succeeds. If none does, rejects with `message` and the reason of each failure. */
export async function firstAnswer<T>(answers: readonly Promise<T>[], message: string): Promise<T> {
  try {
    return await Promise.any(answers);
  } catch (error) {
    // A new one has no message of its own, so that its reasons are what is told.
    throw new Error(message, { cause: error instanceof AggregateError ? new AggregateError(error.errors) : error });
  }
}
