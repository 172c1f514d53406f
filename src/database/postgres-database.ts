/** The scaled-out database: PostgreSQL 15+, or an engine that speaks its protocol, through a pool. */
import { Kysely } from 'kysely';
import pg from 'pg';
import type { EffectFailureListener, PostgresDatabase } from './database.ts';
import { migrateToLatest } from './migrate.ts';
import { isConnectionFailure, type PostgresConnection, PostgresConnections } from './postgres-connections.ts';
import { postgresDialect } from './postgres-dialect.ts';
import type { Schema } from './schema.ts';
import { executorOf, runTransaction } from './sql-transaction.ts';

const maxConnections = 16;
const statementTimeoutMs = 15_000;

/** Connects to `url` and migrates. `onEffectFailure` also hears of errors on idle connections, which are replaced. */
export async function openPostgres(url: string, onEffectFailure: EffectFailureListener): Promise<PostgresDatabase> {
  const connections = new PostgresConnections(url, {
    max: maxConnections,
    statementTimeoutMs,
    onIdleFailure: onEffectFailure,
  });
  const db = new Kysely<Schema>({ dialect: postgresDialect(connections) });
  try {
    await migrateToLatest(db as unknown as Kysely<never>, 'postgres');
  } catch (error) {
    await connections.end();
    throw error;
  }
  return {
    dialect: 'postgres',
    connections,
    write: (work) => retrying(() => inTransaction(connections, work)),
    reader: db,
    executor: (tx) => (tx === undefined ? db : executorOf(tx)),
    transaction: (work) => retrying(() => runTransaction(db, onEffectFailure, work)),
    ping: async () => {
      await connections.query('SELECT 1');
    },
    [Symbol.asyncDispose]: () => connections.end(),
  };
}

async function inTransaction<T>(
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
