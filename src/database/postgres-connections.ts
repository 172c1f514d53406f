/**
 * Connections to PostgreSQL, any of which may die at any moment: idle, in use or in the midst of a transaction. One that
 * has failed, or that leads to a server which only reads now, is never used again, nor are those that are as old.
 */
import type { Socket } from 'node:net';
import pg from 'pg';
import { SharedReads } from '../kernel/shared-reads.ts';
import { type CommitMark, writeMark } from './commit-marks.ts';
import { OldPrimary, type PrimaryFence, timeline } from './primary-fence.ts';

export interface ConnectionOptions {
  readonly max: number;
  /** How long one statement may take, and a transaction wait for its next one; 0 for ever. */
  readonly statementTimeoutMs: number;
  /** How long a transaction may wait for its next statement, if less. */
  readonly idleTimeoutMs?: number | undefined;
  /** The number that this process's transactions ask the database for; see {@link PostgresGuard}. */
  readonly fence?: () => number | undefined;
  /** Of nodes: where transactions are begun, and where not. */
  readonly primary?: () => PrimaryFence | undefined;
  /** Hears of connections that broke while nobody was waiting for them. */
  readonly onIdleFailure: (error: unknown) => void;
}

export interface Statement {
  /**
   * Of this text alone, which PostgreSQL then parses and plans once for each connection. Only for what can be done in one
   * way, such as to insert: a search that was planned on an empty table reads the whole of a large one.
   */
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

export class PostgresConnections {
  readonly #pool: pg.Pool;
  readonly #options: ConnectionOptions;
  readonly #generations = new WeakMap<pg.PoolClient, number>();
  /** Those behind which no pooler gives each transaction another session, by what PostgreSQL said when it was asked. */
  readonly #direct = new WeakMap<pg.PoolClient, boolean>();
  readonly #reads = new SharedReads();
  #generation = 0;

  constructor(url: string, options: ConnectionOptions) {
    this.#options = options;
    this.#pool = new pg.Pool({
      connectionString: url,
      max: options.max,
      connectionTimeoutMillis: 5000,
      // A server that stops answering without closing must not hold requests, or the end of this process, for ever.
      keepAlive: true,
      // Statements may be sent before those before them are answered.
      pipeline: true,
      // No setting of the session: a pooler in transaction mode gives every transaction another one.
      ...(options.statementTimeoutMs === 0 ? {} : { query_timeout: options.statementTimeoutMs + graceMs }),
      types,
    });
    this.#pool.on('error', options.onIdleFailure);
    this.#pool.on('connect', (client) => {
      this.#generations.set(client as pg.PoolClient, this.#generation);
      // The pool listens to idle ones only. One in use tells whoever waits for its answer as well; but it may break
      // between two statements, and an error that nobody listens to would end the process.
      client.on('error', () => {});
      this.#reads.add(socketOf(client as pg.PoolClient));
    });
  }

  /** The caller releases it. @throws if the server cannot be reached. */
  async connect(): Promise<PostgresConnection> {
    for (;;) {
      const client = await this.#pool.connect();
      const generation = this.#generations.get(client) ?? this.#generation;
      if (generation === this.#generation) {
        return new PostgresConnection(client, {
          ...this.#options,
          isDirect: await this.#isDirect(client),
          // What ended this one has happened to all that were made before: the server went away, or has been demoted.
          onBroken: () => {
            if (generation === this.#generation) this.giveUpAll();
          },
        });
      }
      client.release(true);
    }
  }

  /** Runs one statement on a connection of its own. */
  async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const connection = await this.connect();
    try {
      const { rows } = await connection.query<Row>(text, values);
      return rows;
    } finally {
      connection.release();
    }
  }

  /** A pooler makes up its own number of the process that serves a session. */
  async #isDirect(client: pg.PoolClient): Promise<boolean> {
    const known = this.#direct.get(client);
    if (known !== undefined) return known;
    const { processID } = client as unknown as { readonly processID?: number };
    const isDirect = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid').then(
      ({ rows }) => rows[0]?.pid === processID,
      // Whatever is asked next fails likewise, or this engine does not know.
      () => false,
    );
    this.#direct.set(client, isDirect);
    return isDirect;
  }

  /** No connection that exists now is handed out again. */
  giveUpAll(): void {
    this.#generation += 1;
  }

  /** Resolves when all are closed. */
  end(): Promise<void> {
    return this.#pool.end();
  }
}

interface UseOptions extends Pick<ConnectionOptions, 'statementTimeoutMs' | 'idleTimeoutMs' | 'fence' | 'primary'> {
  readonly onBroken: () => void;
  /** Statements may be prepared: the next one is asked of the same session. */
  readonly isDirect: boolean;
}

/** A connection in use by one caller. */
export class PostgresConnection {
  readonly #client: pg.PoolClient;
  readonly #options: UseOptions;
  #isBroken = false;

  constructor(client: pg.PoolClient, options: UseOptions) {
    this.#client = client;
    this.#options = options;
  }

  async query<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
    name?: string,
  ): Promise<pg.QueryResult<Row>> {
    const isNamed = name !== undefined && this.#options.isDirect;
    try {
      return await this.#client.query<Row>({ text, values: [...values], ...(isNamed ? { name } : {}) });
    } catch (error) {
      const failure = error instanceof pg.DatabaseError ? error : new ConnectionFailure(error);
      if (isConnectionFailure(failure)) this.#discard();
      throw failure;
    }
  }

  run<Row extends pg.QueryResultRow>({ name, text, values }: Statement): Promise<pg.QueryResult<Row>> {
    return this.query<Row>(text, values, name);
  }

  /** What `ask` asks goes out in one write, and is answered in its order: one round trip. */
  together<T>(ask: () => T): T {
    const socket = socketOf(this.#client);
    socket.cork();
    try {
      return ask();
    } finally {
      socket.uncork();
    }
  }

  /**
   * Begins a transaction, in one round trip. Its limits hold for it alone.
   * @param mark tells later whether it holds, if its end is not heard of; see CommitMarks
   * @throws GuardLost, with nothing begun, if another process has become the one that may write; OldPrimary, likewise
   */
  async begin({ isFenced = true, mark }: { isFenced?: boolean; mark?: CommitMark } = {}): Promise<void> {
    const { statementTimeoutMs, idleTimeoutMs = statementTimeoutMs } = this.#options;
    const fence = isFenced ? this.#options.fence?.() : undefined;
    const primary = this.#options.primary?.();
    const statements = [
      `BEGIN; SET LOCAL statement_timeout = ${statementTimeoutMs}`,
      `SET LOCAL idle_in_transaction_session_timeout = ${idleTimeoutMs}`,
      ...(mark === undefined ? [] : [writeMark(mark)]),
      ...(primary === undefined ? [] : [`SELECT ${timeline}`]),
      ...(fence === undefined ? [] : [readFence]),
    ];
    const results: unknown = await this.query(statements.join('; '));
    try {
      primary?.check(valueIn(results, 'timeline'));
    } catch (error) {
      await this.rollback();
      this.#discard();
      throw error;
    }
    if (fence === undefined || valueIn(results, 'fence') === fence) return;
    await this.rollback();
    throw new GuardLost();
  }

  /**
   * @throws UncertainCommit if the connection broke on the way: the transaction may hold or not; or if the server does not
   *   know whether a replica has it that was to have it, and would be without it in the place of the server
   */
  async commit(): Promise<void> {
    let warning: Error | undefined;
    const onNotice = ({
      code,
      message,
    }: {
      readonly code?: string | undefined;
      readonly message?: string | undefined;
    }) => {
      if (code === unreplicatedCode) warning = new Error(message);
    };
    this.#client.on('notice', onNotice);
    try {
      const { command } = await this.query('COMMIT');
      if (warning !== undefined) throw new UncertainCommit(warning);
      // So PostgreSQL answers if a statement had failed and its error was swallowed.
      if (command === 'ROLLBACK') throw new Error('the transaction had failed before its commit');
    } catch (error) {
      throw isConnectionFailure(error) ? new UncertainCommit(error) : error;
    } finally {
      this.#client.off('notice', onNotice);
    }
  }

  /** Never throws: what made it necessary is what the caller reports. A connection that cannot do it is given up. */
  async rollback(): Promise<void> {
    if (this.#isBroken) return;
    await this.query('ROLLBACK').catch(() => this.#discard());
  }

  /** It may have left a transaction under way on the server. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  release(): void {
    this.#client.release(this.#isBroken);
  }

  #discard(): void {
    if (!this.#isBroken) this.#options.onBroken();
    this.#isBroken = true;
  }
}

/** Another process has become the one that may write to this database. */
export class GuardLost extends Error {
  override name = 'GuardLost';

  constructor() {
    super('another Tessera has taken over this database: nothing is written any more from here');
  }
}

function socketOf(client: pg.PoolClient): Socket {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;
}

/** Any number that other programs on the database are unlikely to lock. */
export const fenceLockKey = 7_355_437_202;

/**
 * Several statements make several results. Taking the lock first makes whoever raises the fence wait for the end of this
 * transaction, and this one see what has been raised.
 */
const readFence = `SELECT pg_advisory_xact_lock_shared(${fenceLockKey}); SELECT fence FROM server_guard`;

/** @param results one for each of several statements */
function valueIn(results: unknown, column: string): number | undefined {
  const all: readonly pg.QueryResult<Record<string, number | null>>[] = Array.isArray(results) ? results : [results];
  return all.find(({ rows }) => rows[0]?.[column] !== undefined)?.rows[0]?.[column] ?? undefined;
}

/** So the server warns that waiting for a replica was ended: "committed locally, might not have been replicated". */
const unreplicatedCode = '01000';

/** The server did not answer. */
export class ConnectionFailure extends Error {
  override name = 'ConnectionFailure';

  constructor(cause: unknown) {
    super(`no answer from PostgreSQL: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Nobody has said whether the transaction holds: it must not be run again as if it did not. */
export class UncertainCommit extends Error {
  override name = 'UncertainCommit';

  constructor(cause: unknown) {
    super('PostgreSQL has not said that a commit holds', { cause });
  }
}

/**
 * True for what is not the statement's fault: the connection broke or does not answer, the server is going away
 * (57P01 to 57P05), cannot keep up the connection (08), has become one that only reads (25006), or is an old primary; or it
 * has ended the session, and with it the transaction, for having waited too long for the next statement (25P03, 25P04).
 */
export function isConnectionFailure(error: unknown): boolean {
  if (error instanceof OldPrimary) return true;
  if (!(error instanceof pg.DatabaseError)) return error instanceof ConnectionFailure;
  const { code = '' } = error;
  return ['25006', '25P03', '25P04'].includes(code) || code.startsWith('57P') || code.startsWith('08');
}

/** The server ends a slow statement itself; only one that says nothing at all is given up from here. */
const graceMs = 1000;

/** bigint (oid 20) as a number: seqs and Unix ms stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8
      ? Number
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};
