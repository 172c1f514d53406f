/**
 * Which stores a configuration means, opened. The clients of PostgreSQL and Redis are loaded where they are used:
 * together they would cost the embedded default a third of its start-up time and 35 MB.
 */
import { join } from 'node:path';
import { connectionsOf, isNode } from '../config/node-settings.ts';
import { lockDataDir } from '../database/data-dir-lock.ts';
import type { Database } from '../database/database.ts';
import { type DurabilitySettings, selectDurability } from '../database/durability.ts';
import type { Migrated } from '../database/migrate.ts';
import { openSqlite } from '../database/sqlite-database.ts';
import { opening } from '../kernel/start-error.ts';
import { longestTokenLifeMs } from '../protocol/numbers/token-life.ts';
import type { RedisClient } from '../redis/client/client.ts';
import { parseRedisUrl } from '../redis/client/redis-url.ts';
import { SqlPushTokenStore } from '../store/sql-push-token-store.ts';
import { SqlTokenEndStore } from '../store/sql-token-end-store.ts';
import { SqlTokenStore } from '../store/sql-token-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { TokenCodec } from '../tokens/claims.ts';
import { type DurableStoreObserver, DurableTokenStore } from '../tokens/durable-token-store.ts';
import type { TokenEvents } from '../tokens/events.ts';
import type { LegacyTokens } from '../tokens/legacy-tokens.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { readVersion } from '../version.ts';
import { DurabilityWatch } from './durability-watch.ts';
import type { Ground } from './ground.ts';
import { RedisOutages } from './redis-outages.ts';
import { configuredPolicy } from './tokens.ts';

/**
 * The durable database, locked for this process, or for nodes: processes that have Redis besides.
 * @param opened takes what must stay open with the database and be closed after it
 * @throws StartError
 */
export async function openDatabase(
  { config, logger, metrics, reportFailure }: DatabaseGround,
  opened: AsyncDisposableStack,
): Promise<Database> {
  const observer = {
    program: readVersion(),
    onEffectFailure: reportFailure,
    onOverdue: (error: unknown) => {
      metrics?.transactionsOverdue.inc();
      logger.warn({ err: error }, 'a transaction did not come to its end: others could not write meanwhile');
    },
    onMigrated: (migrated: Migrated) => logger.info(migrated, 'brought the schema of the database up to date'),
    onFailing: (error: unknown) => logger.warn({ err: error }, 'the database takes no writes: not ready until it does'),
    onRecovered: (failedForMs: number) => logger.warn({ failedForMs }, 'the database takes writes again'),
  };
  if (config.databaseUrl === '') {
    opened.use(lockDataDir(config.dataDir));
    const path = join(config.dataDir, 'tessera.db');
    return opening(`TESSERA_DATA_DIR: cannot use the database ${path}`, openSqlite(path, observer));
  }
  const { PostgresGuard } = await import('../database/postgres-guard.ts');
  const { openPostgres } = await import('../database/postgres-database.ts');
  const what = 'TESSERA_DATABASE_URL: cannot use PostgreSQL';
  const guard = opened.use(
    await opening(
      what,
      PostgresGuard.take(
        config.databaseUrl,
        {
          onLost: (error) => logger.warn({ err: error }, 'lost the lock on the database: taking it again'),
          onRetaken: (wasElsewhere) => logger.warn({ wasElsewhere }, 'holds the lock on the database again'),
        },
        config.redisUrl !== '',
      ),
    ),
  );
  const options = {
    ...observer,
    onConnectionLost: (error: unknown) => logger.warn({ err: error }, 'lost a connection to PostgreSQL'),
    onIndexed: (made: object) => logger.info(made, 'made an index of a large table'),
    onIndexFailed: (error: unknown) =>
      logger.warn({ err: error }, 'cannot make an index of a large table: tries again'),
    guard,
    maxConnections: connectionsOf(config),
    // A node that stands still in the midst of an append keeps other nodes waiting no longer.
    ...(config.redisUrl === '' ? {} : { idleTimeoutMs: 2000, fencesPrimary: true }),
  };
  return opening(what, openPostgres(config.databaseUrl, options));
}

/**
 * Nothing to watch on SQLite.
 * @returns what is wrong with how PostgreSQL is set, for operators
 */
export async function watchDurability(
  { config, metrics, logger, reportFailure }: Ground,
  opened: AsyncDisposableStack,
  db: Database,
): Promise<() => readonly string[]> {
  if (db.dialect === 'sqlite') return () => [];
  const settings = async () => {
    const [found] = await db.connections.query<DurabilitySettings & Record<string, string>>(selectDurability);
    if (found === undefined) throw new Error('PostgreSQL tells none of its settings');
    return found;
  };
  const watch = new DurabilityWatch({ settings, isNode: isNode(config), metrics, logger });
  await opening('TESSERA_DATABASE_URL: cannot read the settings of PostgreSQL', watch.look());
  opened.use(setInterval(() => void watch.look().catch(reportFailure), lookAtDurabilityEveryMs));
  return () => watch.warnings;
}

/** Somebody may change them meanwhile. */
const lookAtDurabilityEveryMs = 60_000;

/** As much of the ground as a command has, too. */
interface DatabaseGround extends Pick<Ground, 'config' | 'reportFailure'> {
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly metrics?: Pick<Metrics, 'transactionsOverdue'>;
}

export interface TokenStores {
  readonly store: TokenStore;
  /** OpenIM's tokens on the same Redis, unless they are to be ignored. */
  readonly legacy: LegacyTokens | undefined;
  /** If there is one. */
  readonly redis: RedisClient | undefined;
}

/**
 * Redis if there is one, with the database for what must not be forgotten; otherwise the database.
 * @param opened takes the connection to Redis
 * @throws StartError
 */
export async function openTokenStores(
  { config, signingKeys, clock, logger, metrics }: Ground,
  opened: AsyncDisposableStack,
  { db, events }: { readonly db: Database; readonly events: TokenEvents },
): Promise<TokenStores> {
  const devices = new SqlPushTokenStore(db);
  if (config.redisUrl === '') {
    return { store: new SqlTokenStore(db, clock, devices), legacy: undefined, redis: undefined };
  }
  const { connectRedis } = await import('../redis/client/client.ts');
  const { RedisTokenStore } = await import('../redis/tokens/redis-token-store.ts');
  const { RedisMemory } = await import('../redis/tokens/redis-memory.ts');
  let durable: DurableTokenStore | undefined;
  const outages = new RedisOutages({ logger });
  const onConnectionFailure = (error: unknown) => {
    durable?.doubt();
    outages.noteFailure(error);
  };
  const connecting = connectRedis(config.redisUrl, { onConnectionFailure });
  const redis = opened.use(await opening('TESSERA_REDIS_URL: cannot use Redis', connecting));
  outages.watch(() => redis.ping());
  opened.use(outages);
  const store = new DurableTokenStore({
    store: new RedisTokenStore(redis, clock, (userID, jti) => events.emit('tokenUnreadable', { userID, jti })),
    memory: new RedisMemory(redis, clock),
    ends: new SqlTokenEndStore(db, devices),
    longestLifeMs: longestTokenLifeMs,
    loginPolicy: configuredPolicy(config),
    maxUnknownEnds: config.maxUnknownEnds,
    clock,
    observer: memoryObserver(logger, metrics),
  });
  durable = store;
  // What fails leaves the doubt, and readiness tells of it.
  const look = () => store.look().catch(() => {});
  await look();
  opened.use(setInterval(() => void look(), lookAtMemoryEveryMs));
  if (config.openimTokens === 'off') return { store, legacy: undefined, redis };
  const { OpenimTokens } = await import('../redis/openim/openim-tokens.ts');
  const onFailure = (error: unknown) => logger.error({ err: error }, "cannot keep in step with OpenIM's tokens");
  const codec = new TokenCodec(signingKeys);
  const isCluster = parseRedisUrl(config.redisUrl).kind === 'cluster';
  const mode = config.openimTokens;
  const legacy = new OpenimTokens({ redis, isCluster, store, codec, events, mode, clock, onFailure });
  return { store, legacy, redis };
}

/** A lost connection is noticed at once; a flush or a failover by looking. */
const lookAtMemoryEveryMs = 1000;

function memoryObserver(logger: Logger, metrics: Metrics): DurableStoreObserver {
  let isOwing = false;
  return {
    onSettings: ({ mayEvict, mayLose }) => {
      metrics.redisUnsafe.set({ what: 'eviction' }, unsafety(mayEvict));
      metrics.redisUnsafe.set({ what: 'persistence' }, unsafety(mayLose));
      if (mayEvict !== false) {
        const does =
          mayEvict === true ? 'throws tokens away when its memory is full' : 'does not show its eviction policy';
        logger.warn(
          `Redis ${does}, which logs users out: set maxmemory-policy noeviction; ends of tokens are kept on disk`,
        );
      }
      if (mayLose !== false) {
        const does = mayLose === true ? 'has no append-only file' : 'does not show whether it has an append-only file';
        logger.warn(`Redis ${does}: a crash of it may forget logins; set appendonly yes`);
      }
    },
    onOwed: (ends) => {
      if (ends > 0 !== isOwing) {
        if (ends > 0) logger.error('ends of tokens cannot be written to the database; they are tried again');
        else logger.info('all ends of tokens are in the database again');
      }
      isOwing = ends > 0;
      metrics.tokenEndsOwed.set(ends);
    },
    onTakenBack: ({ userID, jti }, cause) => {
      metrics.tokensLost.inc({ cause });
      logger.warn({ userID, jti, cause }, 'a token that Redis had lost was taken in again: nothing had ended it');
    },
    onDoubt: (isInDoubt) => metrics.tokenStoreDoubted.set(isInDoubt ? 1 : 0),
    onRestored: (tokens) => {
      metrics.tokenEndsRestored.inc(tokens);
      logger.warn(
        { tokens },
        'Redis was told again which tokens have ended: it had been restarted, replaced or flushed',
      );
    },
  };
}

function unsafety(isUnsafe: boolean | undefined): number {
  return isUnsafe === undefined ? -1 : Number(isUnsafe);
}
