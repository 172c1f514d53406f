/**
 * One process per PostgreSQL database, unless nodes share it that speak to each other through Redis: a second one would
 * silently keep its users' messages from the first one's. Nodes share the guard, and keep out whoever is none.
 *
 * The guard is a transaction that holds a lock and does nothing else, for as long as the process lives. PostgreSQL ends
 * it with the connection, and also when the process has been silent for a while; a pooler in transaction mode leaves it
 * its session. A process may lose it without noticing, so every transaction that writes asks for the fence, a number
 * that is raised whenever the guard changes hands: one that was the guard before writes nothing more.
 */
import pg from 'pg';
import { StartError } from '../kernel/start-error.ts';
import { fenceLockKey, type PostgresConnections } from './postgres-connections.ts';

export interface GuardObserver {
  /** The guard's connection broke, or does not answer. It is being taken again. */
  readonly onLost: (error: unknown) => void;
  /** @param wasElsewhere true if another process was the guard meanwhile */
  readonly onRetaken: (wasElsewhere: boolean) => void;
}

export class PostgresGuard implements AsyncDisposable {
  readonly #url: string;
  readonly #observer: GuardObserver;
  readonly #isShared: boolean;
  readonly #closing = new AbortController();
  #holder: pg.Client | undefined;
  #connections: PostgresConnections | undefined;
  #fence: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(url: string, observer: GuardObserver, isShared: boolean) {
    this.#url = url;
    this.#observer = observer;
    this.#isShared = isShared;
  }

  /**
   * @param isShared by nodes, which have Redis besides
   * @throws StartError if another process is the guard, or one that is no node
   */
  static async take(url: string, observer: GuardObserver, isShared = false): Promise<PostgresGuard> {
    const guard = new PostgresGuard(url, observer, isShared);
    if (!(await guard.#hold(patienceMs))) {
      throw new StartError(
        isShared
          ? 'another Tessera runs on this database (TESSERA_DATABASE_URL) without Redis, or is of a version that shares it with nobody: stop it first, and give it TESSERA_REDIS_URL.'
          : 'another Tessera runs on this database (TESSERA_DATABASE_URL). Several processes share a database only if each of them has TESSERA_REDIS_URL too, which is missing here.',
      );
    }
    return guard;
  }

  /** What the database must show for a transaction of this process to go on; undefined before {@link arm}. */
  get fence(): number | undefined {
    return this.#fence;
  }

  /** From now on nobody who was the guard before, or shared it, can write; who shares it only learns the number. @param connections to the migrated database */
  async arm(connections: PostgresConnections): Promise<void> {
    this.#connections = connections;
    const connection = await connections.connect();
    try {
      await connection.begin({ isFenced: false });
      if (this.#isShared) {
        const { rows } = await connection.query<{ fence: number }>('SELECT fence FROM server_guard');
        this.#fence = rows[0]?.fence;
        await connection.commit();
        return;
      }
      // Waits for the end of transactions that have seen the old number.
      await connection.query(`SELECT pg_advisory_xact_lock(${fenceLockKey})`);
      const { rows } = await connection.query<{ fence: number }>(
        'UPDATE server_guard SET fence = fence + 1 RETURNING fence',
      );
      await connection.commit();
      this.#fence = rows[0]?.fence;
    } catch (error) {
      await connection.rollback();
      throw error;
    } finally {
      connection.release();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#holder?.end();
  }

  /** @returns false if another process holds the lock and does not let go within `patience` */
  async #hold(patience: number): Promise<boolean> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 5000,
      keepAlive: true,
      query_timeout: patience + silenceMs,
    });
    client.on('error', (error) => this.#lose(client, error));
    const lock = this.#isShared ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
    try {
      await client.connect();
      await client.query(`BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${patience};
        SET LOCAL idle_in_transaction_session_timeout = ${silenceMs}; SELECT ${lock}(${guardLockKey})`);
    } catch (error) {
      await client.end();
      if (isLockTimeout(error)) return false;
      throw error;
    }
    this.#holder = client;
    this.#beatLater(client);
    return true;
  }

  /** Tells PostgreSQL that this process lives. */
  async #beat(client: pg.Client): Promise<void> {
    try {
      await client.query('SELECT 1');
    } catch (error) {
      return this.#lose(client, error);
    }
    if (this.#holder === client) this.#beatLater(client);
  }

  /** Not any more once it is closing: the timer would keep the process. */
  #beatLater(client: pg.Client): void {
    if (!this.#closing.signal.aborted) this.#timer = setTimeout(() => void this.#beat(client), beatMs);
  }

  #lose(client: pg.Client, error: unknown): void {
    if (this.#holder !== client || this.#closing.signal.aborted) return;
    this.#holder = undefined;
    clearTimeout(this.#timer);
    client.end().catch(() => {});
    this.#observer.onLost(error);
    void this.#retake();
  }

  async #retake(): Promise<void> {
    const isRetaken = await this.#hold(retryMs).catch(() => false);
    if (this.#closing.signal.aborted) return void (await this.#holder?.end());
    if (!isRetaken) {
      this.#timer = setTimeout(() => void this.#retake(), retryMs);
      return;
    }
    try {
      const wasElsewhere = await this.#hasChanged();
      if (wasElsewhere && this.#connections !== undefined) await this.arm(this.#connections);
      this.#observer.onRetaken(wasElsewhere);
    } catch (error) {
      if (this.#holder !== undefined) this.#lose(this.#holder, error);
    }
  }

  async #hasChanged(): Promise<boolean> {
    const rows = await this.#connections?.query<{ fence: number }>('SELECT fence FROM server_guard');
    return rows?.[0]?.fence !== this.#fence;
  }
}

/** Any number that other programs on the database are unlikely to lock. */
const guardLockKey = 7_355_437_201;
/** A process that was killed is gone from the server a moment later than from its own machine. */
const patienceMs = 5000;
const beatMs = 3000;
/** PostgreSQL takes the guard from a process that has said nothing for so long. */
const silenceMs = 12_000;
const retryMs = 1000;

/** lock_not_available */
function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03';
}
