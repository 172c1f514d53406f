/**
 * One process per data directory: a second node on the embedded database would give out the same seqs and know nothing
 * of the first one's sockets. The lock is SQLite's own, so the system drops it with the process, however that ends.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export class DataDirInUseError extends Error {
  override name = 'DataDirInUseError';
}

/** @throws DataDirInUseError if another process holds the directory. */
export function lockDataDir(dataDir: string): Disposable {
  const lock = new DatabaseSync(join(dataDir, 'tessera.lock'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new DataDirInUseError(
      `another Tessera runs on the data directory ${dataDir}. Several nodes need a shared database and Redis: set TESSERA_DATABASE_URL and TESSERA_REDIS_URL. To run a second server by itself, give it its own TESSERA_DATA_DIR.`,
    );
  }
  return { [Symbol.dispose]: () => lock.close() };
}

/** SQLITE_BUSY, also in its extended forms. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}
