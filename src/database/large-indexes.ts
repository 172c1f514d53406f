/**
 * Indexes on tables that are large where Tessera has run for long. In the transaction of a migration each would keep
 * writers waiting for as long as it takes to make; so on PostgreSQL they are made while the nodes serve, by one of them,
 * and queries do without until then.
 *
 * Whoever makes them holds a lock, by a transaction of its own that does nothing else: a pooler in transaction mode leaves
 * it its session, and CREATE INDEX CONCURRENTLY does not wait for it, since it looks at nothing. If a node ends half-way,
 * PostgreSQL may go on by itself, or keep an index that is not valid; that one is dropped, and made anew.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

export interface LargeIndex {
  readonly name: string;
  /** What follows its name, `ON messages (send_id, sent_at)`. It cannot be unique: nothing may rely on its being there. */
  readonly on: string;
}

export interface IndexObserver {
  /** This process has made it. */
  readonly onIndexed?: (made: { readonly index: string; readonly tookMs: number }) => void;
  /** It is tried again. */
  readonly onIndexFailed?: (error: unknown) => void;
}

export interface IndexBuilderOptions extends IndexObserver {
  /** How long until it looks again while another process makes them, or after a failure. */
  readonly pauseMs?: number;
}

/** Those that this program wants, besides what its migrations make. See docs/contributing.md. */
export const largeIndexes: readonly LargeIndex[] = [];

export class IndexBuilder implements AsyncDisposable {
  /** Resolves when all are there, or it has been disposed; never rejects. */
  readonly done: Promise<void>;
  readonly #url: string;
  readonly #indexes: readonly LargeIndex[];
  readonly #options: IndexBuilderOptions;
  readonly #closing = new AbortController();
  readonly #clients = new Set<pg.Client>();

  /** @param indexes on a database that is up to date */
  constructor(url: string, indexes: readonly LargeIndex[], options: IndexBuilderOptions = {}) {
    this.#url = url;
    this.#indexes = indexes;
    this.#options = options;
    this.done = this.#work();
  }

  /** Waits for nothing: PostgreSQL may go on, and the next start sees to what it leaves. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#clients].map((client) => client.end()));
    await this.done;
  }

  async #work(): Promise<void> {
    const { signal } = this.#closing;
    const { pauseMs = 15_000, onIndexFailed } = this.#options;
    while (!signal.aborted && this.#indexes.length > 0) {
      try {
        if (await this.#makeThoseLacking()) return;
      } catch (error) {
        if (!signal.aborted) onIndexFailed?.(error);
      }
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** @returns whether all are there; false if somebody else makes them */
  async #makeThoseLacking(): Promise<boolean> {
    await using owned = new AsyncDisposableStack();
    const maker = await this.#connect(owned);
    if ((await this.#lacking(maker)).length === 0) return true;
    const keeper = await this.#connect(owned);
    // One that keeps what it has once seen would be waited for, for ever. So does a statement with parameters.
    await keeper.query('BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 0');
    const { rows } = await keeper.query<{ isMine: boolean }>(
      `SELECT pg_try_advisory_xact_lock(${buildLockKey}) AS "isMine"`,
    );
    if (rows[0]?.isMine !== true) return false;
    // Again, since somebody may have made them before he let go of the lock.
    for (const { index, state } of await this.#lacking(maker)) {
      if (state === 'in the making') return false;
      const startedAtMs = performance.now();
      if (state === 'not valid') await maker.query(`DROP INDEX CONCURRENTLY IF EXISTS ${index.name}`);
      await maker.query(`CREATE INDEX CONCURRENTLY IF NOT EXISTS ${index.name} ${index.on}`);
      this.#options.onIndexed?.({ index: index.name, tookMs: Math.round(performance.now() - startedAtMs) });
    }
    return (await this.#lacking(maker)).length === 0;
  }

  async #connect(owned: AsyncDisposableStack): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#url, connectionTimeoutMillis: 5000, keepAlive: true });
    // Whoever waits for its answer hears of it as well.
    client.on('error', () => {});
    this.#clients.add(client);
    owned.defer(async () => {
      this.#clients.delete(client);
      await client.end();
    });
    await client.connect();
    if (this.#closing.signal.aborted) throw new Error('closing');
    return client;
  }

  async #lacking(client: pg.Client): Promise<{ readonly index: LargeIndex; readonly state: IndexState }[]> {
    const { rows } = await client.query<{ name: string; state: IndexState }>(selectStates, [
      this.#indexes.map(({ name }) => name),
    ]);
    const states = new Map(rows.map(({ name, state }) => [name, state]));
    return this.#indexes
      .map((index) => ({ index, state: states.get(index.name) ?? 'not there' }))
      .filter(({ state }) => state !== 'valid');
  }
}

type IndexState = 'valid' | 'in the making' | 'not valid' | 'not there';

/** Without a lock held, one in the making is that of a process which has gone, or has lost its lock. */
const selectStates = `SELECT c.relname AS name, CASE WHEN i.indisvalid THEN 'valid'
    WHEN EXISTS (SELECT FROM pg_stat_progress_create_index p
      WHERE p.index_relid = c.oid AND p.datname = current_database()) THEN 'in the making'
    ELSE 'not valid' END AS state
  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
  WHERE c.relname = ANY ($1) AND pg_table_is_visible(c.oid)`;

/** Any number that other programs on the database are unlikely to lock. */
const buildLockKey = 7_355_437_205;
