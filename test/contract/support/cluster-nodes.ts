/** Nodes of one cluster in this process, and what stops one of them without ending it. */
import type { TestContext } from 'node:test';
import { connectRedis, type RedisClient } from '../../../src/redis/client/client.ts';
import type { NodeTimes } from '../../../src/redis/nodes/redis-node-channel.ts';
import { RedisNodeChannel } from '../../../src/redis/nodes/redis-node-channel.ts';
import { within } from '../../support/within.ts';

/** Short, so that nobody waits; a stopped node is missed after a second and a half. */
const shortTimes: NodeTimes = { heartbeatMs: 100, leaseMs: 1500, outageMs: 60_000 };

/** What a node's client sends waits for as long as the node stands still, as in a process that is stopped. */
export class Stillness {
  #moving: PromiseWithResolvers<void> | undefined;

  stop(): void {
    this.#moving ??= Promise.withResolvers();
  }

  goOn(): void {
    this.#moving?.resolve();
    this.#moving = undefined;
  }

  over(redis: RedisClient): RedisClient {
    const evalScript: RedisClient['evalScript'] = async (...args) => {
      await this.#moving?.promise;
      return redis.evalScript(...args);
    };
    return new Proxy(redis, {
      get: (target, name) => {
        if (name === 'evalScript') return evalScript;
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}

export interface ClusterNode {
  readonly channel: RedisNodeChannel;
  readonly redis: RedisClient;
  readonly stillness: Stillness;
  /** What it was told, in order: `gone a`, `gone a heir`, `lease a.1`, `hearing`, `deaf`, `unknown`, `inherits a.0`. */
  readonly diary: Diary;
}

export class Diary {
  readonly entries: string[] = [];
  #next = Promise.withResolvers<void>();

  write(entry: string): void {
    this.entries.push(entry);
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /** Waits for any, and takes out all that there are. */
  async next(): Promise<string[]> {
    while (this.entries.length === 0) await within('an entry in a diary', this.#next.promise);
    return this.entries.splice(0);
  }

  /** Waits for the entry, which is taken out with all before it. */
  until(entry: string): Promise<string[]> {
    return within(`"${entry}" in a diary of ${JSON.stringify(this.entries)}`, this.#until(entry));
  }

  async #until(entry: string): Promise<string[]> {
    for (;;) {
      const end = this.entries.indexOf(entry);
      if (end >= 0) return this.entries.splice(0, end + 1);
      await this.#next.promise;
    }
  }
}

export async function openClusterNode(
  t: TestContext,
  url: string,
  nodeID: string,
  { times = shortTimes, inherit = async () => {} }: { times?: NodeTimes; inherit?: () => Promise<void> } = {},
): Promise<ClusterNode> {
  const redis = await connectRedis(url, { onConnectionFailure: () => {} });
  t.after(() => redis[Symbol.asyncDispose]());
  const stillness = new Stillness();
  const diary = new Diary();
  const channel = await RedisNodeChannel.open({
    redis: stillness.over(redis),
    nodeID,
    describe: () => ({
      version: '1.0.0',
      roles: ['api'],
      host: 'here',
      pid: 1,
      startedAt: 1,
      connections: 7,
      lagMs: 0,
      clockAheadMs: 0,
      settings: {},
      metricsAddress: '',
    }),
    times,
    observer: { failed: () => {}, unknown: () => diary.write('unknown') },
  });
  t.after(() => {
    stillness.goOn();
    return channel[Symbol.asyncDispose]();
  });
  channel.onGone((gone, isHeir) => diary.write(`gone ${gone}${isHeir ? ' heir' : ''}`));
  channel.onHearing((isHearing) => diary.write(isHearing ? 'hearing' : 'deaf'));
  channel.onLease((lease) => diary.write(`lease ${lease}`));
  channel.onInheritance(async (lease) => {
    diary.write(`inherits ${lease}`);
    await inherit();
  });
  return { channel, redis, stillness, diary };
}

/** Resolves when the node knows of so many others. */
export async function untilPeers({ channel }: ClusterNode, ...nodeIDs: string[]): Promise<void> {
  const known = () => channel.peers().map(({ nodeID }) => nodeID);
  const knows = async () => {
    while (known().sort().join() !== nodeIDs.sort().join()) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await within(`${channel.nodeID} to know of ${nodeIDs}`, knows());
}
