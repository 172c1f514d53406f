/**
 * The embedded database: one file in the data directory, through Node's own SQLite. One connection writes, one reads,
 * so that a read never waits for an open transaction and sees only what has been committed.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { CompiledQuery, type DatabaseConnection, Kysely, SqliteDialect, SqliteDriver } from 'kysely';
import type { EffectFailureListener, SqliteDatabase } from './database.ts';
import { migrateToLatest } from './migrate.ts';
import type { Schema } from './schema.ts';
import { executorOf, runTransaction } from './sql-transaction.ts';

/** Raw access for the hot paths: prepared once, run synchronously, many statements in one commit. */
export interface SqliteHandle {
  /**
   * Runs `work` synchronously in one transaction on the writing connection, as soon as no other transaction is open.
   * @throws what `work` throws, after rolling back.
   */
  write<T>(work: (connection: StatementCache) => T): Promise<T>;
  /** The reading connection; sees committed data only. */
  readonly read: StatementCache;
}

/** Opens (creating it if need be) and migrates the database file at `path`. */
export async function openSqlite(path: string, onEffectFailure: EffectFailureListener): Promise<SqliteDatabase> {
  using opening = new DisposableStack();
  const writing = opening.adopt(new StatementCache(openConnection(path)), (connection) => connection.close());
  const writer = kyselyOver(writing);
  await migrateToLatest(writer as unknown as Kysely<never>, 'sqlite');
  const reading = opening.adopt(new StatementCache(openConnection(path)), (connection) => connection.close());
  const reader = kyselyOver(reading);
  const opened = opening.move();

  return {
    dialect: 'sqlite',
    reader,
    sqlite: {
      read: reading,
      write: (work) => writer.connection().execute(async () => inTransaction(writing, work)),
    },
    executor: (tx) => (tx === undefined ? reader : executorOf(tx)),
    transaction: (work) => runTransaction(writer, onEffectFailure, work),
    ping: async () => {
      reading.prepare('SELECT 1').get();
    },
    [Symbol.asyncDispose]: async () => {
      // Kysely opens its driver on first use and closes only then; closing the handles here as well is harmless.
      await reader.destroy();
      await writer.destroy();
      opened.dispose();
    },
  };
}

/** Prepared statements of one connection, kept by their SQL text. */
export class StatementCache {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    // Lists of varying length make varying SQL; a bound keeps hostile variety from growing the cache without end.
    if (this.#statements.size >= 500) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }

  exec(sql: string): void {
    this.#connection.exec(sql);
  }

  close(): void {
    this.#statements.clear();
    if (this.#connection.isOpen) this.#connection.close();
  }
}

function openConnection(path: string): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: 5000 });
  connection.exec('PRAGMA journal_mode = WAL');
  // FULL: a commit returns only once the log is on disk, so that an acknowledged message survives a power cut (M1).
  connection.exec('PRAGMA synchronous = FULL');
  connection.exec('PRAGMA cache_size = -16000');
  return connection;
}

function inTransaction<T>(connection: StatementCache, work: (connection: StatementCache) => T): T {
  connection.prepare('BEGIN IMMEDIATE').run();
  try {
    const result = work(connection);
    connection.prepare('COMMIT').run();
    return result;
  } catch (error) {
    connection.prepare('ROLLBACK').run();
    throw error;
  }
}

function kyselyOver(connection: StatementCache): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new ImmediateSqliteDialect({ database: asBetterSqlite(connection) }) });
}

/** Takes the write lock at BEGIN: a transaction that reads first must not find the database changed when it writes. */
class ImmediateSqliteDialect extends SqliteDialect {
  readonly #config: ConstructorParameters<typeof SqliteDialect>[0];

  constructor(config: ConstructorParameters<typeof SqliteDialect>[0]) {
    super(config);
    this.#config = config;
  }

  override createDriver(): SqliteDriver {
    return new ImmediateSqliteDriver(this.#config);
  }
}

class ImmediateSqliteDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('BEGIN IMMEDIATE'));
  }
}

/** Kysely's SQLite dialect expects another library's statement shape; this gives it ours in that shape. */
function asBetterSqlite(connection: StatementCache) {
  return {
    prepare(sql: string) {
      const statement = connection.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters: readonly unknown[]) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters: readonly unknown[]) => statement.run(...(parameters as SQLInputValue[])),
        iterate: (parameters: readonly unknown[]) =>
          statement.iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
      };
    },
    close: () => connection.close(),
  };
}
