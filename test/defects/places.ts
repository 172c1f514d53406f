/** Where tokens are kept: what is claimed of defects is claimed of both kinds of store, the embedded one and Redis. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import type { TokenAuthorityOptions } from '../../src/tokens/authority.ts';
import type { TokenStore } from '../../src/tokens/token-store.ts';
import { openProbe, openStore } from '../contract/support/redis-nodes.ts';
import type { Service } from '../support/services/service.ts';
import { redisForSuite } from '../support/test-services.ts';
import { brokenStore, changedStore, openSqliteTokens, TestAuthority } from '../support/token-authority.ts';
import { World } from '../wire/world.ts';

export interface Place {
  /** A user nobody has used yet. */
  newUser(): string;
  /** A whole server with its tokens here. */
  openWorld(t: TestContext, settings?: Readonly<Record<string, string>>): Promise<World>;
  /** The authority of one more node with its tokens here; all but the worlds' share their tokens. */
  openAuthority(changes?: Partial<TokenAuthorityOptions>): Promise<TestAuthority>;
  openStore(): Promise<TokenStore>;
  /** A node whose store goes away and comes back. */
  openBreakable(): Promise<{
    readonly authority: TestAuthority;
    fail(): Promise<void>;
    recover(): Promise<void>;
  }>;
  /** From now on the world's store takes no token any more. @returns ends that */
  refuseWrites(world: World): Promise<() => Promise<void>>;
  /** When the store itself forgets a user's tokens, Unix ms by jti. */
  endsOf(userID: string): Promise<ReadonlyMap<string, number>>;
}

let users = 0;
const newUser = () => `user${++users}`;

async function openWorld(t: TestContext, settings: Readonly<Record<string, string>>): Promise<World> {
  const world = await World.open(settings);
  t.after(() => world[Symbol.asyncDispose]());
  return world;
}

async function watching(t: TestContext, authority: TestAuthority): Promise<TestAuthority> {
  const watch = await authority.watch();
  t.after(() => watch[Symbol.asyncDispose]());
  return authority;
}

/** @param t what is opened here ends with it */
export async function sqlitePlace(t: TestContext): Promise<Place> {
  const { store, db, ...tokens } = await openSqliteTokens(Date.now);
  t.after(() => tokens[Symbol.asyncDispose]());
  return {
    newUser,
    openWorld: (t, settings = {}) => openWorld(t, settings),
    openAuthority: (changes = {}) => watching(t, new TestAuthority(store, changes)),
    openStore: async () => store,
    async openBreakable() {
      let current: TokenStore = store;
      const find: TokenStore['find'] = (token) => current.find(token);
      return {
        authority: await watching(t, new TestAuthority(changedStore(store, { find }), { cache: noCache })),
        fail: async () => {
          current = brokenStore();
        },
        recover: async () => {
          current = store;
        },
      };
    },
    async refuseWrites({ dataDir }) {
      const other = new DatabaseSync(join(dataDir, 'tessera.db'));
      other.exec("CREATE TRIGGER refuse BEFORE INSERT ON tokens BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
      return async () => {
        other.exec('DROP TRIGGER refuse');
        other.close();
      };
    },
    async endsOf(userID) {
      const rows = await db.reader.selectFrom('tokens').selectAll().where('user_id', '=', userID).execute();
      return new Map(rows.map((row) => [row.jti, row.expires_at]));
    },
  };
}

export interface RedisPlace extends Place {
  readonly server: Service;
}

/** @param t what is opened here ends with it */
export async function redisPlace(t: TestContext): Promise<RedisPlace | undefined> {
  const server = await redisForSuite(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  if (server === undefined) return undefined;
  const probe = await openProbe(t, server.url);
  const command = (...args: string[]) => probe.sendCommand(args);
  return {
    server,
    newUser,
    openWorld: (t, settings = {}) => openWorld(t, { TESSERA_REDIS_URL: server.url, ...settings }),
    openAuthority: async (changes = {}) =>
      watching(t, new TestAuthority((await openStore(t, server.url)).store, changes)),
    openStore: async () => (await openStore(t, server.url)).store,
    async openBreakable() {
      let back = Promise.withResolvers<void>();
      const { store } = await openStore(t, server.url, { onReconnect: () => back.resolve() });
      return {
        authority: new TestAuthority(store, { cache: noCache }),
        fail: async () => {
          back = Promise.withResolvers();
          await server.kill();
        },
        recover: async () => {
          await server.restart();
          await back.promise;
        },
      };
    },
    async refuseWrites() {
      await command('CONFIG', 'SET', 'maxmemory', '1');
      return async () => {
        await command('CONFIG', 'SET', 'maxmemory', '0');
      };
    },
    async endsOf(userID) {
      const prefix = `tessera:{${userID}}:token:`;
      const keys = (await command('KEYS', `${prefix}*`)) as unknown as string[];
      const ends = await Promise.all(keys.map((key) => command('PEXPIRETIME', key)));
      return new Map(keys.map((key, i) => [key.slice(prefix.length), Number(ends[i])]));
    },
  };
}

const noCache = { maxTokens: 0, ttlMs: 0 };
