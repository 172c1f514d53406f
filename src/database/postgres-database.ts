/** The scaled-out database: PostgreSQL 15+, or an engine that speaks its protocol, through a pool. */
import { setTimeout as delay } from 'node:timers/promises';
import { Kysely } from 'kysely';
import pg from 'pg';
import { InDoubt } from '../kernel/in-doubt.ts';
import { type CommitMark, CommitMarks } from './commit-marks.ts';
import type { BriefWork, DatabaseObserver, EffectFailureListener, PostgresDatabase } from './database.ts';
import { IndexBuilder, type IndexObserver, largeIndexes } from './large-indexes.ts';
import { type Migrated, migrateToLatest } from './migrate.ts';
import {
  ConnectionFailure,
  GuardLost,
  isConnectionFailure,
  type PostgresConnection,
  PostgresConnections,
  UncertainCommit,
} from './postgres-connections.ts';
import { kyselyOn, postgresDialect } from './postgres-dialect.ts';
import type { PostgresGuard } from './postgres-guard.ts';
import { PrimaryFence, timeline } from './primary-fence.ts';
import type { Schema } from './schema.ts';
import {
  executorOf,
  longestTransactionMs,
  SqlTransaction,
  TransactionOverdue,
  tellingOverdue,
} from './sql-transaction.ts';
import { WriteHealth } from './write-health.ts';

export interface PostgresOptions extends DatabaseObserver, IndexObserver {
  /** Hears of idle connections that broke; they are replaced. */
  readonly onConnectionLost: (error: unknown) => void;
  /** Without one, anybody writes: for tests that play several nodes. */
  readonly guard?: PostgresGuard;
  readonly maxConnections?: number;
  /** How long a caller waits to be told whether a commit holds whose answer was lost; clients give up after 10 s. */
  readonly doubtMs?: number;
  /** How long a transaction may keep others waiting that has nothing to ask; see {@link ConnectionOptions}. */
  readonly idleTimeoutMs?: number;
  /** Of nodes, which tell each other where: an old primary that comes back takes no writes. */
  readonly fencesPrimary?: boolean;
}

/** Connects to `url`, migrates, and bars the way for whoever was the guard before. */
export async function openPostgres(
  url: string,
  {
    onConnectionLost,
    guard,
    doubtMs = 8000,
    maxConnections = 16,
    idleTimeoutMs,
    fencesPrimary = false,
    ...observer
  }: PostgresOptions,
): Promise<PostgresDatabase> {
  const migrated = await migratePostgres(url, observer.program ?? '', onConnectionLost);
  if (migrated !== undefined) observer.onMigrated?.(migrated);
  const connections = new PostgresConnections(url, {
    max: maxConnections,
    statementTimeoutMs: longestTransactionMs,
    idleTimeoutMs,
    onIdleFailure: onConnectionLost,
    fence: () => guard?.fence,
    primary: () => primary,
  });
  let primary: PrimaryFence | undefined;
  const marks = new CommitMarks(connections);
  const db = new Kysely<Schema>({ dialect: postgresDialect(connections) });
  try {
    if (fencesPrimary) primary = await PrimaryFence.open(connections);
    await guard?.arm(connections);
    await marks.sweep();
  } catch (error) {
    await connections.end();
    throw error;
  }
  const indexes = new IndexBuilder(url, largeIndexes, observer);
  const inTransaction = async <T>(work: Work<T>): Promise<T> => {
    try {
      const result = await retrying(() => runTransaction({ connections, marks, doubtMs }, work));
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
    primary,
    write: inTransaction,
    reader: db,
    executor: (tx) => (tx === undefined ? db : executorOf(tx)),
    transaction: async (work) => {
      const running = inTransaction(async (connection) => {
        const tx = new SqlTransaction(kyselyOn(connection));
        return { tx, result: await tx.run(work) };
      });
      const { tx, result } = await tellingOverdue(running, (error) => observer.onOverdue?.(error)).catch((error) => {
        if (error instanceof InDoubt) void runLateEffects(error, observer.onEffectFailure);
        throw error;
      });
      await tx.runEffects(observer.onEffectFailure);
      return result;
    },
    ping: async () => {
      health.check();
      await ping(connections, guard, primary);
    },
    [Symbol.asyncDispose]: async () => {
      health[Symbol.dispose]();
      marks.close();
      await indexes[Symbol.asyncDispose]();
      await connections.end();
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

/** @throws if the database does not answer, only reads, is an old primary's, or another process's by now. */
async function ping(
  connections: PostgresConnections,
  guard: PostgresGuard | undefined,
  primary: PrimaryFence | undefined,
): Promise<void> {
  const [row] = await connections.query<{ read_only: string; fence: number; timeline?: number | null }>(
    `SELECT current_setting('transaction_read_only') AS read_only, (SELECT fence FROM server_guard) AS fence
      ${primary === undefined ? '' : `, ${timeline}`}`,
  );
  if (row?.read_only === 'on') {
    // It has been demoted: new connections find the one that took its place.
    connections.giveUpAll();
    throw new Error('the database only reads');
  }
  try {
    primary?.check(row?.timeline ?? undefined);
  } catch (error) {
    connections.giveUpAll();
    throw error;
  }
  if (guard !== undefined && row?.fence !== guard.fence) throw new GuardLost();
}

type Work<T> = BriefWork<T> | ((connection: PostgresConnection) => Promise<T>);

interface Place {
  readonly connections: PostgresConnections;
  readonly marks: CommitMarks;
  readonly doubtMs: number;
}

/** @throws ConnectionFailure if nothing of it holds, InDoubt if it is not known in time whether it does */
async function runTransaction<T>({ connections, marks, doubtMs }: Place, work: Work<T>): Promise<T> {
  const { result, doubt, mark } = await attempt(connections, marks, work);
  if (doubt === undefined) return result;
  const holding = marks.holds(mark);
  const holds = await Promise.race([holding, delay(doubtMs, undefined, { ref: false })]);
  if (holds === true) return result;
  if (holds === false) throw new ConnectionFailure(doubt);
  throw new InDoubt(
    doubt,
    holding.then((doesHold) => (doesHold === true ? result : undefined)),
  );
}

/** @returns with `doubt` if the connection broke on the commit */
async function attempt<T>(
  connections: PostgresConnections,
  marks: CommitMarks,
  work: Work<T>,
): Promise<Run<T> & { readonly mark: CommitMark }> {
  const connection = await connections.connect();
  const mark = marks.take();
  try {
    const ran = typeof work === 'function' ? run(connection, mark, work) : runBriefly(connection, mark, work);
    return { ...(await ran), mark };
  } catch (error) {
    await connection.rollback();
    throw error;
  } finally {
    if (!connection.isBroken) marks.giveBack(mark);
    connection.release();
  }
}

interface Run<T> {
  readonly result: T;
  readonly doubt: UncertainCommit | undefined;
}

async function run<T>(
  connection: PostgresConnection,
  mark: CommitMark,
  work: (connection: PostgresConnection) => Promise<T>,
): Promise<Run<T>> {
  await connection.begin({ mark });
  const result = await work(connection);
  return { result, doubt: await doubtOf(connection.commit()) };
}

async function runBriefly<T>(
  connection: PostgresConnection,
  mark: CommitMark,
  { first, decide }: BriefWork<T>,
): Promise<Run<T>> {
  const found = await connection.together(() => {
    const begun = connection.begin({ mark });
    const asked = first.map((statement) => connection.run(statement));
    return Promise.all([begun, ...asked]).then(([, ...results]) => results.map(({ rows }) => rows));
  });
  const { result, last } = decide(found);
  const [written, ended] = await connection.together(() => {
    const writing = Promise.all(last.map((statement) => connection.run(statement)));
    return Promise.allSettled([writing, doubtOf(connection.commit())]);
  });
  // What PostgreSQL refuses undoes the transaction, whether or not its end is answered.
  if (written.status === 'rejected' && written.reason instanceof pg.DatabaseError) throw written.reason;
  if (ended.status === 'rejected') throw ended.reason;
  return { result, doubt: ended.value };
}

/** @throws if it is known not to hold */
async function doubtOf(commit: Promise<void>): Promise<UncertainCommit | undefined> {
  try {
    await commit;
    return undefined;
  } catch (error) {
    if (error instanceof UncertainCommit) return error;
    throw error;
  }
}

/** What follows a change that turned out to hold after its caller had been told of a failure. */
async function runLateEffects({ outcome }: InDoubt, onFailure: EffectFailureListener): Promise<void> {
  const late = (await outcome) as { readonly tx: SqlTransaction } | undefined;
  await late?.tx.runEffects(onFailure);
}

/**
 * Runs a transaction again, up to five times in all, when PostgreSQL reports a conflict between transactions; and once
 * if its connection broke and it does not hold, since it may have been a dead one that the pool did not know about.
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
  if (error instanceof InDoubt) return true;
  return error instanceof pg.DatabaseError && /^5[38]/.test(error.code ?? '');
}
