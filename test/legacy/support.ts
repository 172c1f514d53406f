/** Tessera's nodes and an OpenIM server on one Redis. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectRedis, type RedisClient } from '../../src/redis/client/client.ts';
import { parseRedisUrl } from '../../src/redis/client/redis-url.ts';
import { OpenimTokens } from '../../src/redis/openim/openim-tokens.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import type { TokenAuthorityOptions } from '../../src/tokens/authority.ts';
import { TokenCodec } from '../../src/tokens/claims.ts';
import { TokenEvents } from '../../src/tokens/events.ts';
import { LegacyTokenStore } from '../../src/tokens/legacy-token-store.ts';
import { SigningKeys } from '../../src/tokens/signing-keys.ts';
import { OpenimServer, openimSecret } from '../support/openim-redis.ts';
import { redisCommand, untilTrue } from '../support/services/redis-command.ts';
import { clusterForSuite, redisForSuite } from '../support/test-services.ts';
import { TestAuthority } from '../support/token-authority.ts';

export type Mode = 'read' | 'mirror';

export interface LegacyNode {
  readonly authority: TestAuthority;
  /** What could not be mirrored. */
  readonly failures: unknown[];
  /** Calls to Redis by method, since the node began. */
  readonly calls: Map<string, number>;
}

export class LegacyWorld {
  /** An outsider's connection, to look at the data and to break it. */
  readonly redis: RedisClient;
  readonly url: string;
  readonly openim: OpenimServer;
  readonly #t: TestContext;
  readonly #mode: Mode;
  #users = 0;

  constructor(t: TestContext, url: string, mode: Mode, redis: RedisClient) {
    this.#t = t;
    this.url = url;
    this.#mode = mode;
    this.redis = redis;
    this.openim = new OpenimServer(redis);
  }

  newUser(): string {
    return `user${++this.#users}`;
  }

  /**
   * One more node, with a connection and a cache of its own.
   * @param faults what Redis does otherwise than it should where OpenIM's tokens are concerned
   */
  async node(changes: Partial<TokenAuthorityOptions> = {}, faults: Partial<RedisClient> = {}): Promise<LegacyNode> {
    const redis = await connectRedis(this.url, { onConnectionFailure: () => {} });
    const failures: unknown[] = [];
    const calls = new Map<string, number>();
    const events = new TokenEvents((error) => assert.fail(String(error)));
    const clock = changes.clock ?? Date.now;
    const signingKeys = new SigningKeys([openimSecret]);
    const store = new RedisTokenStore(redis, clock);
    const legacy = new OpenimTokens({
      redis: counting(redis, faults, calls),
      isCluster: parseRedisUrl(this.url).kind === 'cluster',
      store,
      codec: new TokenCodec(signingKeys),
      events,
      mode: this.#mode,
      clock,
      onFailure: (error) => failures.push(error),
    });
    const authority = new TestAuthority(new LegacyTokenStore(store, legacy), {
      signingKeys,
      honoursLegacy: true,
      events,
      ...changes,
    });
    const watch = await authority.watch();
    this.#t.after(async () => {
      await watch[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    });
    return { authority, failures, calls };
  }

  /** The token's place in our store. @returns undefined if it has none */
  async ownKey(userID: string, jti: string): Promise<{ readonly value: string; readonly endsAt: number } | undefined> {
    const key = `tessera:{${userID}}:token:${jti}`;
    const [value, endsAt] = await Promise.all([this.redis.get(key), this.redis.command(key, ['PEXPIRETIME', key])]);
    return value === null ? undefined : { value, endsAt: Number(endsAt) };
  }

  /** Every key of ours has an end, and no index names a token that is gone too early or ends at another time. */
  async checkOwnKeys(): Promise<void> {
    for (const master of await this.redis.masters()) {
      for await (const keys of master.scan('tessera:*')) {
        for (const key of keys) await this.#checkKey(key);
      }
    }
  }

  async #checkKey(key: string): Promise<void> {
    // -2: it has just come to its end.
    assert.notEqual(await this.redis.command(key, ['PTTL', key]), -1, `${key} has no end`);
    if (!key.endsWith('}:tokens')) return;
    const flat = (await this.redis.command(key, ['ZRANGE', key, '0', '-1', 'WITHSCORES'])) as string[];
    for (let i = 0; i < flat.length; i += 2) {
      const token = `${key.slice(0, -'s'.length)}:${flat[i]}`;
      const promised = Math.abs(Number(flat[i + 1])) * 1000;
      const endsAt = await this.redis.command(token, ['PEXPIRETIME', token]);
      // An entry of a token that has come to its end goes with the next touch.
      if (promised > Date.now()) assert.equal(endsAt, promised, `${token} ends when the index says`);
    }
  }
}

/** Runs `suite` on one Redis and on a Cluster of three masters; our keys are checked after each of its subtests. */
export function testOnEveryRedis(
  subject: string,
  mode: Mode,
  suite: (t: TestContext, world: LegacyWorld) => Promise<void>,
): void {
  const run = async (t: TestContext, url: string) => {
    const redis = await connectRedis(url, { onConnectionFailure: () => {} });
    t.after(() => redis[Symbol.asyncDispose]());
    const world = new LegacyWorld(t, url, mode, redis);
    t.afterEach(() => world.checkOwnKeys());
    await suite(t, world);
  };
  test(`${subject} on one Redis`, async (t) => {
    const server = await redisForSuite(t);
    if (server !== undefined) await run(t, server.url);
  });
  test(`${subject} on a Redis Cluster`, async (t) => {
    // On a busy machine its servers drop links that are silent for half of that, and what is published with them.
    const cluster = await clusterForSuite(t, { args: ['--cluster-node-timeout', '15000'] });
    if (cluster === undefined) return;
    // A young Cluster serves keys a moment before every server can pass messages on to every other.
    await untilTrue('the servers of the Cluster are connected', async () => {
      const views = await Promise.all(cluster.masters.map(({ port }) => redisCommand(port, 'CLUSTER', 'NODES')));
      return views.every((view) => !String(view).includes('disconnected'));
    });
    await run(t, cluster.url);
  });
}

function counting(redis: RedisClient, faults: Partial<RedisClient>, calls: Map<string, number>): RedisClient {
  return new Proxy(redis, {
    get: (target, name) => {
      const member = faults[name as keyof RedisClient] ?? target[name as keyof RedisClient];
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]) => {
        calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
        return Reflect.apply(member, target, args);
      };
    },
  });
}
