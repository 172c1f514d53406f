/**
 * Which stores a configuration means, opened. The clients of PostgreSQL and Redis are loaded where they are used:
 * together they would cost the embedded default a third of its start-up time and 35 MB.
 */
import { join } from 'node:path';
import type { Config } from './config/config.ts';
import { opening } from './start-error.ts';
import { lockDataDir } from './store/data-dir-lock.ts';
import type { Database, EffectFailureListener } from './store/database.ts';
import { SqlTokenStore } from './store/sql-token-store.ts';
import { openSqlite } from './store/sqlite-database.ts';
import type { Logger } from './telemetry/logger.ts';
import type { TokenStore } from './tokens/token-store.ts';

/**
 * The durable database, locked for this process.
 * @param opened takes what must stay open with the database and be closed after it
 * @throws StartError
 */
export async function openDatabase(
  config: Config,
  opened: AsyncDisposableStack,
  reportFailure: EffectFailureListener,
): Promise<Database> {
  if (config.databaseUrl === '') {
    opened.use(lockDataDir(config.dataDir));
    const path = join(config.dataDir, 'tessera.db');
    return opening(`TESSERA_DATA_DIR: cannot use the database ${path}`, openSqlite(path, reportFailure));
  }
  const { lockDatabase } = await import('./store/database-lock.ts');
  const { openPostgres } = await import('./store/postgres-database.ts');
  const what = 'TESSERA_DATABASE_URL: cannot use PostgreSQL';
  opened.use(await opening(what, lockDatabase(config.databaseUrl, reportFailure)));
  return opening(what, openPostgres(config.databaseUrl, reportFailure));
}

/**
 * Redis if there is one, otherwise the database.
 * @param opened takes the connection to Redis
 * @throws StartError
 */
export async function openTokenStore(
  config: Config,
  opened: AsyncDisposableStack,
  { db, clock, logger }: { db: Database; clock: () => number; logger: Logger },
): Promise<TokenStore> {
  if (config.redisUrl === '') return new SqlTokenStore(db, clock);
  const { connectRedis } = await import('./redis/client.ts');
  const { RedisTokenStore } = await import('./redis/redis-token-store.ts');
  const onConnectionFailure = (error: unknown) => logger.warn({ err: error }, 'lost the connection to Redis');
  const what = 'TESSERA_REDIS_URL: cannot use Redis';
  const redis = opened.use(await opening(what, connectRedis(config.redisUrl, { onConnectionFailure })));
  return new RedisTokenStore(redis, clock);
}
