/**
 * What Tessera asks of Redis or Valkey, be it one server, a master under Sentinel, or a Cluster. A server that is away
 * or slow makes commands fail at once, never queue: its callers must answer 500 and go on (T5).
 */
import { createHash } from 'node:crypto';
import { connectCluster } from './cluster.ts';
import type { Deployment, DeploymentOptions } from './deployment.ts';
import { OneMaster } from './one-master.ts';
import { formatAddress, parseRedisUrl, type RedisTarget } from './redis-url.ts';
import { connectThroughSentinel } from './sentinel.ts';

/** A Lua script as the server knows it. See {@link redisScript}. */
export interface RedisScript {
  readonly source: string;
  readonly sha1: string;
}

/**
 * Every command rejects at once while there is no connection to its server, and after a time limit while that server
 * gives no answer. A command that failed may have taken effect or not; it is never sent again by itself.
 */
export interface RedisClient extends AsyncDisposable {
  /**
   * Runs a script, sending its text only when the server does not have it yet.
   * @param keys all in one Cluster slot
   */
  evalScript(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  get(key: string): Promise<string | null>;
  /**
   * One snapshot, except while the slot is on its way to another server.
   * @param keys all in one Cluster slot
   */
  mget(keys: readonly string[]): Promise<readonly (string | null)[]>;
  hget(key: string, field: string): Promise<string | null>;
  /** Without a prototype, as fields may have any name. */
  hgetall(key: string): Promise<Readonly<Record<string, string>>>;
  /**
   * Any command, for the few that need no method of their own. Replies are those of Redis's protocol version 2: text,
   * integer, null or list of these.
   * @param key says which master of a Cluster; undefined: any
   */
  command(key: string | undefined, args: readonly string[]): Promise<unknown>;
  /** Reaches the subscribers of every server, of a Cluster too. Resolves when one server has taken it. */
  publish(channel: string, message: string | Buffer): Promise<void>;
  /**
   * Hears everything that is published on the channels from now on, on a connection of its own. Rejects if the server
   * cannot be reached now; later losses are mended, for ever.
   */
  subscribe(channels: readonly string[], listener: RedisListener): Promise<RedisSubscription>;
  /** Every master, one for a single server, for what is asked of each. A Cluster is asked anew who they are. */
  masters(): Promise<readonly RedisNode[]>;
  /** Resolves if every master answers; rejects otherwise. */
  ping(): Promise<void>;
}

/** Called in the order in which things happened. */
export interface RedisListener {
  /** If it throws, the message counts as missed: the subscription is lost and made again. */
  onMessage(channel: string, message: Buffer): void;
  /** Messages may be missed from now on: the connection was lost or given up, or there is another master. */
  onLost(): void;
  /**
   * Subscribed again: nothing published from now on is missed. What was published before may be heard once more: of a
   * Cluster's servers the one that is listened to now may be behind the one before.
   */
  onRestored(): void;
}

export interface RedisSubscription extends AsyncDisposable {
  /** Gives up the connection for a new one, where there is reason to think that it hears nothing any more. */
  renew(): void;
}

/** One master. */
export interface RedisNode {
  /** host:port */
  readonly address: string;
  /** See {@link RedisClient.command}. */
  command(args: readonly string[]): Promise<unknown>;
  /**
   * All keys that match the pattern, in portions, some perhaps more than once.
   * @param count how many keys Redis looks at for one portion
   */
  scan(match: string, count?: number): AsyncIterable<readonly string[]>;
}

export interface RedisClientOptions {
  /** Hears of lost connections and failed attempts to connect again; the client goes on by itself. */
  readonly onConnectionFailure: (error: unknown) => void;
  /** A connection is back after a loss. */
  readonly onReconnect?: () => void;
  /** How long a command may take before it fails. Whether it took effect is then unknown. */
  readonly commandTimeoutMs?: number;
}

export function redisScript(source: string): RedisScript {
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}

/**
 * @param url see {@link parseRedisUrl}
 * @throws StoreUrlError; also if the server cannot be reached now. Later losses are reconnected, with growing pauses,
 * for ever.
 */
export async function connectRedis(url: string, options: RedisClientOptions): Promise<RedisClient> {
  const { commandTimeoutMs = 2000, onReconnect = () => {} } = options;
  const deployment = await connectDeployment(parseRedisUrl(url), { ...options, commandTimeoutMs, onReconnect });
  return new DeployedRedis(deployment);
}

async function connectDeployment(target: RedisTarget, options: DeploymentOptions): Promise<Deployment> {
  switch (target.kind) {
    case 'single':
      return connectSingle(target, options);
    case 'sentinel':
      return connectThroughSentinel(target, options);
    case 'cluster':
      return connectCluster(target, options);
  }
}

async function connectSingle(
  { address, usesTls, credentials, database }: Extract<RedisTarget, { kind: 'single' }>,
  options: DeploymentOptions,
): Promise<Deployment> {
  const server = new OneMaster({
    ...options,
    name: `Redis at ${formatAddress(address)}`,
    defaults: { usesTls, credentials, database, commandTimeoutMs: options.commandTimeoutMs },
    locate: async () => address,
    checksRole: false,
  });
  await server.connect();
  return server;
}

class DeployedRedis implements RedisClient {
  readonly #deployment: Deployment;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  async evalScript(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const [key] = keys;
    const count = String(keys.length);
    try {
      return await this.#deployment.sendScript(key, ['EVALSHA', script.sha1, count, ...keys, ...args]);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return this.#deployment.sendScript(key, ['EVAL', script.source, count, ...keys, ...args]);
    }
  }

  async get(key: string): Promise<string | null> {
    return (await this.#deployment.send(key, ['GET', key])) as string | null;
  }

  async mget(keys: readonly string[]): Promise<readonly (string | null)[]> {
    return keys.length === 0 ? [] : this.#deployment.mget(keys);
  }

  async hget(key: string, field: string): Promise<string | null> {
    return (await this.#deployment.send(key, ['HGET', key, field])) as string | null;
  }

  async hgetall(key: string): Promise<Readonly<Record<string, string>>> {
    const flat = (await this.#deployment.send(key, ['HGETALL', key])) as string[];
    const fields: Record<string, string> = Object.create(null);
    for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] ?? ''] = flat[i + 1] ?? '';
    return fields;
  }

  command(key: string | undefined, args: readonly string[]): Promise<unknown> {
    return this.#deployment.send(key, args);
  }

  async publish(channel: string, message: string | Buffer): Promise<void> {
    await this.#deployment.send(undefined, ['PUBLISH', channel, message]);
  }

  subscribe(channels: readonly string[], listener: RedisListener): Promise<RedisSubscription> {
    return this.#deployment.subscriptions.add(channels, listener);
  }

  masters(): Promise<readonly RedisNode[]> {
    return this.#deployment.masters();
  }

  ping(): Promise<void> {
    return this.#deployment.ping();
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#deployment[Symbol.asyncDispose]();
  }
}

/** After a restart, a failover or SCRIPT FLUSH. */
function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
