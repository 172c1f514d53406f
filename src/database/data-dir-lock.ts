/**
 * One process per data directory: a second node on the embedded database would give out the same seqs and know nothing
 * of the first one's sockets. The lock is SQLite's own, so the system drops it with the process, however that ends.
 */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../kernel/start-error.ts';
import { isBusy } from './sqlite-writer.ts';

/** Makes the directory if need be, for its owner alone. @throws StartError if that is not possible. */
export function makeDataDir(dataDir: string): void {
  try {
    // Not recursive: there are places where Node would try for ever, and a typing error should not make a tree.
    mkdirSync(dataDir, { mode: 0o700 });
  } catch (error) {
    if (statSync(dataDir, { throwIfNoEntry: false })?.isDirectory() === true) return;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`TESSERA_DATA_DIR: cannot make the directory ${dataDir}: ${reason}`, { cause: error });
  }
}

/** @throws StartError if another process holds the directory, or if it cannot be written into. */
export function lockDataDir(dataDir: string): Disposable {
  const lock = tryLockDataDir(dataDir);
  if (lock !== undefined) return lock;
  throw new StartError(
    `another Tessera runs on the data directory ${dataDir}. Stop that one first, or give this one a TESSERA_DATA_DIR and ports of its own: one process serves a database.`,
  );
}

/** @returns undefined if another process holds the directory. @throws StartError if it cannot be written into. */
export function tryLockDataDir(dataDir: string): Disposable | undefined {
  const lock = openLock(dataDir);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw unwritable(dataDir, error);
    return undefined;
  }
  return { [Symbol.dispose]: () => lock.close() };
}

function openLock(dataDir: string): DatabaseSync {
  try {
    return new DatabaseSync(join(dataDir, 'tessera.lock'));
  } catch (error) {
    throw unwritable(dataDir, error);
  }
}

function unwritable(dataDir: string, error: unknown): StartError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StartError(`TESSERA_DATA_DIR: cannot write into ${dataDir}: ${reason}`, { cause: error });
}
