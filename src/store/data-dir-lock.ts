/**
 * One process per data directory: a second node on the embedded database would give out the same seqs and know nothing
 * of the first one's sockets. The lock is SQLite's own, so the system drops it with the process, however that ends.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { InUseError } from './in-use-error.ts';

/** @throws InUseError if another process holds the directory. */
export function lockDataDir(dataDir: string): Disposable {
  const lock = new DatabaseSync(join(dataDir, 'tessera.lock'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new InUseError(
      `another Tessera runs on the data directory ${dataDir}. A second server needs its own TESSERA_DATA_DIR; several nodes of one deployment need a shared database and Redis, and cannot share an embedded one.`,
    );
  }
  return { [Symbol.dispose]: () => lock.close() };
}

/** SQLITE_BUSY, also in its extended forms. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}
