/** Which nodes of a cluster live, by leases that they renew. See scripts/heartbeat.lua and docs/adr/0013. */
import { StartError } from '../../kernel/start-error.ts';
import { type RedisClient, redisScript } from '../client/client.ts';
import { readLua } from '../lua-file.ts';
import { nodeOfLease, registryKeys } from './node-keys.ts';

/** Of what nodes keep in Redis. Raised by a change that nodes of the version before could not live with. */
const layout = 1;

/** What a node says of itself; of other versions perhaps less, or more. */
export interface NodeDescription {
  readonly version: string;
  readonly roles: readonly string[];
  readonly host: string;
  readonly pid: number;
  /** Unix ms. */
  readonly startedAt: number;
  readonly connections: number;
  /** How late its event loop was at worst since the last heartbeat, ms. */
  readonly lagMs: number;
  /** By how much its host's clock is ahead of that of Redis, ms. */
  readonly clockAheadMs: number;
  /** Where its metrics are scraped, as `host:port`; empty where it does not know. */
  readonly metricsAddress: string;
  /** Digests of what nodes must share, by subject: see shared-settings.ts. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface LiveNode {
  readonly nodeID: string;
  readonly lease: string;
  /** Unix ms by the clock of Redis. */
  readonly leaseEndsAt: number;
  /** Undefined if it cannot be read. */
  readonly description: NodeDescription | undefined;
}

export interface Beat {
  /** The lease had ended: the node must begin another. */
  readonly isHeld: boolean;
  /** Unix ms by the clock of Redis. */
  readonly now: number;
  /** Since when Redis has known about nodes: another value than before means that it has forgotten everything. */
  readonly since: string;
  readonly live: readonly LiveNode[];
  /** Ended leases that the caller is to see to. */
  readonly inherited: readonly string[];
}

export interface LeaseTimes {
  /** How long a node counts as alive after it last said so. */
  readonly leaseMs: number;
  /** How long no node at all need have said so for nobody to be taken for dead. */
  readonly outageMs: number;
}

export class NodeRegistry {
  readonly #redis: Pick<RedisClient, 'evalScript' | 'command'>;
  readonly #times: LeaseTimes;
  readonly #heartbeat = redisScript(readLua('nodes/scripts/heartbeat.lua'));
  readonly #list = redisScript(readLua('nodes/scripts/list.lua'));
  readonly #leave = redisScript(readLua('nodes/scripts/leave.lua'));

  constructor(redis: Pick<RedisClient, 'evalScript' | 'command'>, times: LeaseTimes) {
    this.#redis = redis;
    this.#times = times;
  }

  /** @throws StartError if a later version keeps here what this one cannot read */
  async checkLayout(): Promise<void> {
    const [, , , state] = registryKeys;
    const kept = Number(await this.#redis.command(state, ['HGET', state, 'layout']));
    if (kept > layout) {
      throw new StartError(
        `TESSERA_REDIS_URL: nodes of a later version keep there what this one cannot read (layout ${kept}, this one knows ${layout}). Start the newer version again.`,
      );
    }
    if (kept < layout) await this.#redis.command(state, ['HSET', state, 'layout', String(layout)]);
  }

  /** @param isNew the lease begins with this; otherwise it is renewed if it has not ended */
  async beat(lease: string, isNew: boolean, description: NodeDescription): Promise<Beat> {
    const { leaseMs, outageMs } = this.#times;
    const args = [lease, isNew ? '1' : '0', JSON.stringify(description), String(leaseMs), String(outageMs)];
    const reply = await this.#redis.evalScript(this.#heartbeat, registryKeys, args);
    const [isHeld, now, since, live, inherited] = reply as [string, string, string, string[], string[]];
    return { isHeld: isHeld === '1', now: Number(now), since, live: toLiveNodes(live), inherited };
  }

  /** Whether the lease has not ended, as far as anybody has noticed. */
  async knows(lease: string): Promise<boolean> {
    const [leases] = registryKeys;
    return (await this.#redis.command(leases, ['ZSCORE', leases, lease])) !== null;
  }

  /** The lease ends now. */
  async leave(lease: string): Promise<void> {
    await this.#redis.evalScript(this.#leave, registryKeys, [lease]);
  }

  /** Those that live, for who is no node. @returns with what time it is, Unix ms by the clock of Redis */
  async list(): Promise<{ readonly now: number; readonly live: readonly LiveNode[] }> {
    const reply = await this.#redis.evalScript(this.#list, registryKeys, []);
    const [now, live] = reply as [string, string[]];
    return { now: Number(now), live: toLiveNodes(live) };
  }

  /** An ended lease has been seen to. */
  async settle(lease: string): Promise<void> {
    const [, , heirs] = registryKeys;
    await this.#redis.command(heirs, ['HDEL', heirs, lease]);
  }
}

/** @param flat lease, end, description, lease, ... */
function toLiveNodes(flat: readonly string[]): LiveNode[] {
  const nodes: LiveNode[] = [];
  for (let i = 0; i + 2 < flat.length; i += 3) {
    const [lease = '', end, description = ''] = flat.slice(i, i + 3);
    nodes.push({ nodeID: nodeOfLease(lease), lease, leaseEndsAt: Number(end), description: parse(description) });
  }
  return nodes;
}

function toTexts(told: unknown): Readonly<Record<string, string>> {
  const entries = typeof told === 'object' && told !== null ? Object.entries(told) : [];
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
}

function parse(description: string): NodeDescription | undefined {
  try {
    const told = JSON.parse(description);
    const {
      version,
      roles,
      host,
      pid,
      startedAt,
      connections,
      lagMs,
      clockAheadMs,
      metricsAddress = '',
      settings,
    } = told;
    return {
      version: String(version),
      roles: Array.isArray(roles) ? roles.map(String) : [],
      host: String(host),
      pid: Number(pid) || 0,
      startedAt: Number(startedAt) || 0,
      connections: Number(connections) || 0,
      lagMs: Number(lagMs) || 0,
      clockAheadMs: Number(clockAheadMs) || 0,
      metricsAddress: String(metricsAddress),
      settings: toTexts(settings),
    };
  } catch {
    return undefined;
  }
}
