/** Redis with one master: a single server, or whatever server Sentinel says it is at the time. */
import type { RedisNode } from './client.ts';
import { type CommandArguments, type Connection, type ConnectionLife, openConnection } from './connection.ts';
import {
  type ConnectionDefaults,
  type Deployment,
  type DeploymentOptions,
  isFromReplica,
  redisNode,
} from './deployment.ts';
import { Link } from './link.ts';
import { formatAddress, type RedisAddress } from './redis-url.ts';
import { Subscriptions } from './subscriptions.ts';

export interface MasterOptions extends DeploymentOptions {
  /** What the link leads to, for errors. */
  readonly name: string;
  readonly defaults: ConnectionDefaults;
  /** Where the master is now; asked before each attempt to connect. */
  readonly locate: (signal: AbortSignal) => Promise<RedisAddress>;
  /** Whether a server that says it is a replica is taken for a stale answer of `locate`. */
  readonly checksRole: boolean;
}

export class OneMaster implements Deployment {
  readonly subscriptions: Subscriptions;
  readonly #link: Link;
  #lastAddress: string | undefined;

  constructor({ name, defaults, locate, checksRole, onConnectionFailure, onReconnect }: MasterOptions) {
    const open = async (life: ConnectionLife) => {
      const connection = await openConnection({ ...defaults, address: await locate(life.signal) }, life);
      if (checksRole) await assertMaster(connection);
      return connection;
    };
    this.subscriptions = new Subscriptions(open, onConnectionFailure);
    this.#link = new Link({
      name,
      open,
      onUp: ({ address }) => {
        if (this.#lastAddress !== undefined) onReconnect();
        if (this.#lastAddress !== address) this.subscriptions.moveTo((other) => other === address);
        this.#lastAddress = address;
      },
      onDown: onConnectionFailure,
      onFailure: onConnectionFailure,
    });
  }

  /** Rejects if the master cannot be reached now. */
  async connect(): Promise<void> {
    await this.#link.connect();
  }

  async send(_key: string | undefined, args: CommandArguments): Promise<unknown> {
    const { connection } = this.#link;
    try {
      return await connection.send(args);
    } catch (error) {
      if (isFromReplica(error)) this.#link.doubt(connection, error);
      throw error;
    }
  }

  sendScript(key: string | undefined, args: readonly string[]): Promise<unknown> {
    return this.send(key, args);
  }

  async mget(keys: readonly string[]): Promise<readonly (string | null)[]> {
    return (await this.send(undefined, ['MGET', ...keys])) as (string | null)[];
  }

  async masters(): Promise<readonly RedisNode[]> {
    const { connection } = this.#link;
    return [redisNode(connection.address, (args) => connection.send(args))];
  }

  async ping(): Promise<void> {
    await this.send(undefined, ['PING']);
  }

  /** The master is said to be at this address: goes there, unless it is there already. */
  moveTo(address: RedisAddress): void {
    if (this.#link.isUp && this.#link.connection.address === formatAddress(address)) return;
    this.#link.startOver(new Error('another server is the master'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.subscriptions[Symbol.asyncDispose](), this.#link[Symbol.asyncDispose]()]);
  }
}

async function assertMaster(connection: Connection): Promise<void> {
  try {
    const [role] = (await connection.send(['ROLE'])) as [string];
    if (role !== 'master') throw new Error(`${connection.address} is a ${role}, not the master`);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOPERM')) return; // it may not be asked: it will show
    connection.destroy();
    throw error;
  }
}
