/**
 * Databases as this version makes them, without a row of anybody's: made once for a run of the tests, and copied by who
 * needs one. To migrate an empty one costs 0.3 s of CPU on PostgreSQL, and a server a fifth of its start.
 */
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readVersion } from '../../src/version.ts';

/** Set by `npm test`. On PostgreSQL it is `template1`, which every new database is a copy of. */
const sharedFile = process.env.TESSERA_TEST_MIGRATED_SQLITE;

/** Makes a SQLite database there, which nobody else may read, in a directory like that of a server. */
export async function copyMigratedSqlite(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (sharedFile === undefined) {
    ownCopy ??= migratedSqlite();
    await writeFile(path, await ownCopy);
  } else {
    await copyFile(sharedFile, path);
  }
  await chmod(path, 0o600);
}

let ownCopy: Promise<Buffer> | undefined;

async function migratedSqlite(): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-migrated-'));
  try {
    const path = join(directory, 'tessera.db');
    await migrateSqlite(path);
    return await readFile(path);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Makes or updates a SQLite database, and leaves it closed. */
export async function migrateSqlite(path: string): Promise<void> {
  // Here and not above: whoever starts servers imports this, and finds a database made by `npm test`.
  const { openSqlite } = await import('../../src/database/sqlite-database.ts');
  const database = await openSqlite(path, observer);
  await database[Symbol.asyncDispose]();
}

/** The same with one of PostgreSQL. */
export async function migratePostgres(url: string): Promise<void> {
  const { openPostgres } = await import('../../src/database/postgres-database.ts');
  const database = await openPostgres(url, observer);
  await database[Symbol.asyncDispose]();
}

const ignore = () => {};
const observer = {
  program: readVersion(),
  onEffectFailure: ignore,
  onConnectionLost: ignore,
  onFailing: ignore,
  onRecovered: ignore,
};
