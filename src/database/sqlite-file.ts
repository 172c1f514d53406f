/**
 * Whether the files that SQLite has open are still those that the next start will find. SQLite goes on writing to a file
 * that was deleted or replaced under it, and what it commits there is gone with the process.
 */
import { type BigIntStats, statSync } from 'node:fs';

export class SqliteFile {
  readonly #opened: readonly { readonly path: string; readonly identity: string }[];

  /** @param path of a database in WAL mode that is open and has been read, so that all its files exist */
  constructor(path: string) {
    this.#opened = [path, `${path}-wal`, `${path}-shm`].map((each) => ({ path: each, identity: identityOf(each) }));
  }

  /** @throws DatabaseFileLost. Takes microseconds. */
  check(): void {
    for (const { path, identity } of this.#opened) {
      if (identityOf(path) !== identity) throw new DatabaseFileLost(path);
    }
  }
}

/** Nothing is acknowledged any more: it would be in no file that has a name. */
class DatabaseFileLost extends Error {
  override name = 'DatabaseFileLost';

  constructor(path: string) {
    super(
      `${path} was deleted or replaced while the server has it open. Do not stop the server before its data is saved: ` +
        `the open files are in /proc/${process.pid}/fd`,
    );
  }
}

function identityOf(path: string): string {
  const stats: BigIntStats | undefined = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? '' : `${stats.dev}:${stats.ino}`;
}
