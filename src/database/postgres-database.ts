/** The scaled-out database: PostgreSQL 15+, or an engine that speaks its protocol, through a pool. */
import { Kysely } from 'kysely';
import pg from 'pg';
import type { DatabaseObserver, PostgresDatabase } from './database.ts';
import { type Migrated, migrateToLatest } from './migrate.ts';
import {
  GuardLost,
  isConnectionFailure,
  type PostgresConnection,
  PostgresConnections,
} from './postgres-connections.ts';
import { kyselyOn, postgresDialect } from './postgres-dialect.ts';
import type { PostgresGuard } from './postgres-guard.ts';
import type { Schema } from './schema.ts';
import {
  executorOf,
  longestTransactionMs,
  SqlTransaction,
  TransactionOverdue,
  tellingOverdue,
} from './sql-transaction.ts';
import { WriteHealth } from './write-health.ts';

const maxConnections = 16;

export interface PostgresOptions extends DatabaseObserver {
  /** Hears of idle connections that broke; they are replaced. */
  readonly onConnectionLost: (error: unknown) => void;
  /** Without one, anybody writes: for tests that play several nodes. */
  readonly guard?: PostgresGuard;
}

/** Connects to `url`, migrates, and bars the way for whoever was the guard before. */
export async function openPostgres(
  url: string,
  { onConnectionLost, guard, ...observer }: PostgresOptions,
): Promise<PostgresDatabase> {
  const migrated = await migratePostgres(url, observer.program ?? '', onConnectionLost);
  if (migrated !== undefined) observer.onMigrated?.(migrated);
  const connections = new PostgresConnections(url, {
    max: maxConnections,
    statementTimeoutMs: longestTransactionMs,
    onIdleFailure: onConnectionLost,
    fence: () => guard?.fence,
  });
  const db = new Kysely<Schema>({ dialect: postgresDialect(connections) });
  try {
    await guard?.arm(connections);
  } catch (error) {
    await connections.end();
    throw error;
  }
  const inTransaction = async <T>(work: (connection: PostgresConnection) => Promise<T>): Promise<T> => {
    try {
      const result = await retrying(() => runTransaction(connections, work));
      health.succeeded();
      return result;
    } catch (error) {
      if (isTrouble(error)) health.failed(error);
      throw error;
    }
  };
  const health: WriteHealth = new WriteHealth(observer, () =>
    inTransaction((connection) => connection.query('UPDATE server_guard SET fence = fence')),
  );
  return {
    dialect: 'postgres',
    connections,
    write: inTransaction,
    reader: db,
    executor: (tx) => (tx === undefined ? db : executorOf(tx)),
    transaction: async (work) => {
      const running = inTransaction(async (connection) => {
        const tx = new SqlTransaction(kyselyOn(connection));
        return { tx, result: await tx.run(work) };
      });
      const { tx, result } = await tellingOverdue(running, (error) => observer.onOverdue?.(error));
      await tx.runEffects(observer.onEffectFailure);
      return result;
    },
    ping: async () => {
      health.check();
      await ping(connections, guard);
    },
    [Symbol.asyncDispose]: () => {
      health[Symbol.dispose]();
      return connections.end();
    },
  };
}

/** On a connection of its own: a migration may take longer than any statement of the server's. */
async function migratePostgres(
  url: string,
  program: string,
  onIdleFailure: (error: unknown) => void,
): Promise<Migrated | undefined> {
  const connections = new PostgresConnections(url, { max: 1, statementTimeoutMs: 0, onIdleFailure });
  try {
    return await migrateToLatest(new Kysely<never>({ dialect: postgresDialect(connections) }), 'postgres', program);
  } finally {
    await connections.end();
  }
}

/** @throws if the database does not answer, only reads, or is another process's by now. */
async function ping(connections: PostgresConnections, guard: PostgresGuard | undefined): Promise<void> {
  const [row] = await connections.query<{ read_only: string; fence: number }>(
    `SELECT current_setting('transaction_read_only') AS read_only, (SELECT fence FROM server_guard) AS fence`,
  );
  if (row?.read_only === 'on') {
    // It has been demoted: new connections find the one that took its place.
    connections.giveUpAll();
    throw new Error('the database only reads');
  }
  if (guard !== undefined && row?.fence !== guard.fence) throw new GuardLost();
}

async function runTransaction<T>(
  connections: PostgresConnections,
  work: (connection: PostgresConnection) => Promise<T>,
): Promise<T> {
  const connection = await connections.connect();
  try {
    await connection.begin();
    const result = await work(connection);
    await connection.commit();
    return result;
  } catch (error) {
    await connection.rollback();
    throw error;
  } finally {
    connection.release();
  }
}

/**
 * Runs a transaction again, up to five times in all, when PostgreSQL reports a conflict between transactions; and once
 * if its connection broke before the commit, since it may have been a dead one that the pool did not know about.
 */
async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= (isConflict(error) ? 5 : isConnectionFailure(error) ? 2 : 1)) throw error;
    }
  }
}

/** serialization_failure and deadlock_detected: the database asks to run the transaction again. */
function isConflict(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '40001' || error.code === '40P01');
}

/** The database's own trouble, not the statement's: besides the connection, a full disk (53), a broken one (58). */
function isTrouble(error: unknown): boolean {
  if (isConnectionFailure(error) || error instanceof GuardLost || error instanceof TransactionOverdue) return true;
  return error instanceof pg.DatabaseError && /^5[38]/.test(error.code ?? '');
}
