/** The scaled-out database: PostgreSQL 15+, or an engine that speaks its protocol, through a pool. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { EffectFailureListener, PostgresDatabase } from './database.ts';
import { migrateToLatest } from './migrate.ts';
import type { Schema } from './schema.ts';
import { executorOf, runTransaction } from './sql-transaction.ts';

const maxConnections = 16;
const queryTimeoutMs = 15_000;
const attempts = 5;
/** serialization_failure and deadlock_detected: the database asks to run the transaction again. */
const retryableStates: ReadonlySet<unknown> = new Set(['40001', '40P01']);

/** Connects to `url` and migrates. `onEffectFailure` also hears of errors on idle connections, which the pool replaces. */
export async function openPostgres(url: string, onEffectFailure: EffectFailureListener): Promise<PostgresDatabase> {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: 5000,
    // A server that stops answering without closing must not hold requests, or the end of this process, for ever.
    keepAlive: true,
    query_timeout: queryTimeoutMs,
    statement_timeout: queryTimeoutMs,
    types,
  });
  pool.on('error', onEffectFailure);
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  try {
    await migrateToLatest(db as unknown as Kysely<never>, 'postgres');
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return {
    dialect: 'postgres',
    pool,
    reader: db,
    executor: (tx) => (tx === undefined ? db : executorOf(tx)),
    transaction: (work) => retrying(() => runTransaction(db, onEffectFailure, work)),
    ping: async () => {
      await pool.query('SELECT 1');
    },
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}

/** Runs `work` again, up to five times in all, when PostgreSQL reports a conflict between transactions. */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || !isRetryable(error)) throw error;
    }
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && retryableStates.has(error.code);
}

/** bigint (oid 20) as a number: seqs and Unix ms stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8
      ? Number
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};
