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

/** @throws StartError if another process holds the directory. */
export function lockDataDir(dataDir: string): Disposable {
  const lock = new DatabaseSync(join(dataDir, 'tessera.lock'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new StartError(
      `another Tessera runs on the data directory ${dataDir}. A second server needs its own TESSERA_DATA_DIR; several nodes of one deployment need a shared database and Redis, and cannot share an embedded one.`,
    );
  }
  return { [Symbol.dispose]: () => lock.close() };
}
