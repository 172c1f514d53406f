/**
 * The embedded database: one file in the data directory, through Node's own SQLite. One connection writes, one reads,
 * so that a read never waits for an open transaction and sees only what has been committed.
 */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteAdapter, SqliteDialect, type SqliteStatement } from 'kysely';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { DatabaseObserver, SqliteDatabase } from './database.ts';
import { migrateToLatest, requireLatest } from './migrate.ts';
import type { Schema } from './schema.ts';
import { executorOf, SqlTransaction, tellingOverdue } from './sql-transaction.ts';
import { SqliteFile } from './sqlite-file.ts';
import { LogCounters } from './sqlite-log-counters.ts';
import { MessageKeys } from './sqlite-message-keys.ts';
import { SqliteWriter } from './sqlite-writer.ts';
import { StatementCache } from './statement-cache.ts';
import { UserChanges } from './user-changes.ts';
import { WriteHealth } from './write-health.ts';

/** Raw access for the hot paths: prepared once, run synchronously, many statements in one commit. */
export interface SqliteHandle {
  /**
   * Runs `work` synchronously in a transaction on the writing connection, and resolves once that is on disk.
   * @param isLarge see {@link SqliteWriter.run}
   * @throws what `work` throws, with nothing of it stored
   */
  write<T>(work: (connection: StatementCache) => T, isLarge?: boolean): Promise<T>;
  /** The reading connection; sees committed data only. */
  readonly read: StatementCache;
  /** Which users' rows commits change. */
  readonly userChanges: UserChanges;
  /** By which a message that is sent again is found. */
  readonly messageKeys: MessageKeys;
  /** By which the next message of a log gets its seq. */
  readonly logCounters: LogCounters;
  /** The connection of a transaction under way. @throws TypeError for one that is over, or another store's */
  within(tx: Transaction): StatementCache;
}

export interface SqliteOptions extends DatabaseObserver {
  /** How long a transaction waits for another program's lock; clients give up after 10 s. */
  readonly patienceMs?: number;
  /** Whether another process serves the database: then it is taken as it is, and must be of this program's schema. */
  readonly isServed?: boolean;
  /** See {@link MessageKeys}. */
  readonly messageKeysInMemory?: number;
  /** See {@link LogCounters}. */
  readonly logCountersInMemory?: number;
}

/** Opens (creating it if need be) and migrates the database file at `path`. @throws StartError for another's schema */
export async function openSqlite(path: string, options: SqliteOptions): Promise<SqliteDatabase> {
  using opening = new DisposableStack();
  const connection = openConnection(path);
  const writing = opening.adopt(new StatementCache(connection), (cache) => cache.close());
  const executor = kyselyOver(writing);
  const schemaless = executor as unknown as Kysely<never>;
  if (options.isServed === true) await requireLatest(schemaless);
  else {
    const migrated = await migrateToLatest(schemaless, 'sqlite', options.program ?? '');
    if (migrated !== undefined) options.onMigrated?.(migrated);
  }
  const userChanges = new UserChanges(connection);
  const reading = opening.adopt(new StatementCache(openConnection(path)), (cache) => cache.close());
  const reader = kyselyOver(reading);
  // Nobody else is served yet while this process starts; from now on the writer waits for locks in its own way.
  for (const cache of [writing, reading]) cache.exec('PRAGMA busy_timeout = 0');

  const file = new SqliteFile(path);
  const health: WriteHealth = opening.use(
    new WriteHealth(options, () => writer.run(() => probe(writing, dirname(path)))),
  );
  const writer = new SqliteWriter({
    connection: writing,
    file,
    health,
    patienceMs: options.patienceMs ?? 8000,
    onOver: (isCommitted) => {
      userChanges.tell();
      messageKeys.over(isCommitted);
      logCounters.over(isCommitted);
    },
    onUndone: () => logCounters.forget(),
  });
  opening.use(setInterval(() => lookAt(file, health), lookEveryMs));
  const messageKeys = new MessageKeys({
    reading,
    write: (work) => writer.run(() => work(writing)),
    limit: options.messageKeysInMemory,
  });
  const logCounters = new LogCounters(options.logCountersInMemory);
  const opened = opening.move();

  return {
    dialect: 'sqlite',
    reader,
    sqlite: {
      read: reading,
      userChanges,
      messageKeys,
      logCounters,
      write: (work, isLarge) => writer.run(() => work(writing), isLarge),
      within: (tx) => {
        executorOf(tx);
        return writing;
      },
    },
    executor: (tx) => (tx === undefined ? reader : executorOf(tx)),
    transaction: async (work) => {
      const tx = new SqlTransaction(executor);
      const running = writer.run(() => tx.run(work));
      const result = await tellingOverdue(running, (error) => options.onOverdue?.(error));
      await tx.runEffects(options.onEffectFailure);
      return result;
    },
    ping: async () => {
      health.check();
      reading.prepare('SELECT 1').get();
    },
    [Symbol.asyncDispose]: async () => {
      messageKeys.close();
      await writer.idle();
      opened.dispose();
    },
  };
}

function lookAt(file: SqliteFile, health: WriteHealth): void {
  try {
    file.check();
  } catch (error) {
    health.failed(error);
  }
}

/** Writes a page. The last few of a full disk do not count: the next message would fail again. */
function probe(connection: StatementCache, directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < leastFreeBytes) throw new Error('the disk is full');
  connection.exec('PRAGMA user_version = 0');
}

/**
 * Of the write-ahead log, before it is worked into the database: 16 MB. Every commit of messages changes much the same
 * pages of the indexes, and the more commits lie in between, the fewer of them are written twice.
 */
const pagesOfLog = 4000;

const lookEveryMs = 1000;
const leastFreeBytes = 1024 ** 2;

function openConnection(path: string): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: 5000 });
  connection.exec('PRAGMA journal_mode = WAL');
  // FULL: a commit returns only once the log is on disk, so that an acknowledged message survives a power cut (M1).
  connection.exec('PRAGMA synchronous = FULL');
  connection.exec('PRAGMA cache_size = -16000');
  connection.exec(`PRAGMA wal_autocheckpoint = ${pagesOfLog}`);
  // What savepoints copy is small and short-lived: no file is needed for it.
  connection.exec('PRAGMA temp_store = MEMORY');
  return connection;
}

function kyselyOver(connection: StatementCache): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new TransactionalSqliteDialect({ database: asBetterSqlite(connection) }) });
}

/** SQLite can roll back a change of the schema; Kysely's own dialect would migrate without a transaction. */
class TransactionalSqliteDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Kysely's SQLite dialect expects another library's statement shape; this gives it ours in that shape. */
function asBetterSqlite(connection: StatementCache) {
  const shaped = new WeakMap<StatementSync, SqliteStatement>();
  return {
    prepare(sql: string) {
      const statement = connection.prepare(sql);
      const known = shaped.get(statement) ?? inShape(statement);
      shaped.set(statement, known);
      return known;
    },
    close: () => connection.close(),
  };
}

function inShape(statement: StatementSync): SqliteStatement {
  return {
    // Asking for the columns costs more than running a short statement.
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
    iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
  };
}
