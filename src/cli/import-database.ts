/** The durable database, for commands that write into it. */
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { makeDataDir, tryLockDataDir } from '../database/data-dir-lock.ts';
import type { Database } from '../database/database.ts';
import { opening } from '../kernel/start-error.ts';
import { readVersion } from '../version.ts';

const silent = {
  onEffectFailure: () => {},
  onFailing: () => {},
  onRecovered: () => {},
  onConnectionLost: () => {},
};

/**
 * To be written into beside a server: PostgreSQL has many writers, and with the embedded database this must be rows that
 * no server keeps in memory. It is made, or brought up to date, if no server has done so.
 * @throws StartError if it cannot be used, or if a server of another version runs on the embedded one
 */
export async function openBesideServer(config: Config): Promise<Database> {
  if (config.databaseUrl !== '') return openPostgresForImport(config.databaseUrl);
  const { openSqlite } = await import('../database/sqlite-database.ts');
  makeDataDir(config.dataDir);
  // Only while the schema is seen to: a server may start while the command runs.
  using lock = tryLockDataDir(config.dataDir);
  const path = join(config.dataDir, 'tessera.db');
  const options = { ...silent, program: readVersion(), isServed: lock === undefined };
  return await opening(`TESSERA_DATA_DIR: cannot use the database ${path}`, openSqlite(path, options));
}

/**
 * To be written into by nobody else if it is the embedded one, until what was opened is closed.
 * @param opened takes what is to be closed after the database
 * @throws StartError if it cannot be used, or if a server runs on the embedded one
 */
export async function openAlone(config: Config, opened: AsyncDisposableStack): Promise<Database> {
  if (config.databaseUrl !== '') return openPostgresForImport(config.databaseUrl);
  makeDataDir(config.dataDir);
  const { openDatabase } = await import('../app/stores.ts');
  return openDatabase({ config, logger: { info: () => {}, warn: () => {} }, reportFailure: () => {} }, opened);
}

async function openPostgresForImport(url: string): Promise<Database> {
  const { openPostgres } = await import('../database/postgres-database.ts');
  return opening(
    'TESSERA_DATABASE_URL: cannot use PostgreSQL',
    openPostgres(url, { ...silent, program: readVersion() }),
  );
}
