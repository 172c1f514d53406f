/**
 * Keeps writes away from an old primary that has come back after a replica was promoted in its place. A promotion begins
 * a new timeline, so of two servers of one database the one on the higher timeline is the heir. Nodes tell each other of
 * the highest that any of them has met, and write on no lower one. See docs/adr/0016.
 */
import type { PostgresConnections } from './postgres-connections.ts';

export class PrimaryFence {
  /** Of the database, whichever server serves it; replicas share it, restored dumps do not. */
  readonly systemID: string;
  #timeline = 0;
  #listener: () => void = () => {};

  private constructor(systemID: string) {
    this.systemID = systemID;
  }

  /** @returns undefined for an engine that knows nothing of timelines */
  static async open(connections: Pick<PostgresConnections, 'query'>): Promise<PrimaryFence | undefined> {
    try {
      const [row] = await connections.query<{ id: string }>(
        `SELECT system_identifier::text AS id, ${timeline} FROM pg_control_system()`,
      );
      return row && new PrimaryFence(row.id);
    } catch (error) {
      if (isUnknownFunction(error)) return undefined;
      throw error;
    }
  }

  /** The highest that is known. */
  get timeline(): number {
    return this.#timeline;
  }

  /** One listener: hears when a transaction has met a higher one than was known. */
  onHigher(listener: () => void): void {
    this.#listener = listener;
  }

  /** Another node has met it. */
  learn(timeline: number): void {
    this.#timeline = Math.max(this.#timeline, timeline);
  }

  /**
   * Of the server of a transaction that has begun.
   * @param met undefined for one that only reads
   * @throws OldPrimary
   */
  check(met: number | undefined): void {
    if (met === undefined || met === this.#timeline) return;
    if (met < this.#timeline) throw new OldPrimary(met, this.#timeline);
    this.#timeline = met;
    this.#listener();
  }
}

/** The server was the primary once, and another one has taken its place. */
export class OldPrimary extends Error {
  override name = 'OldPrimary';

  constructor(met: number, known: number) {
    super(
      `PostgreSQL answers on timeline ${met}, but ${known} has begun elsewhere: nothing is written on an old primary`,
    );
  }
}

/** A column of that name, null on a standby. WAL files are named for their timeline, in eight hexadecimal digits. */
export const timeline = `CASE WHEN pg_is_in_recovery() THEN NULL
  ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int END AS timeline`;

/** undefined_function, feature_not_supported, insufficient_privilege */
function isUnknownFunction(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['42883', '0A000', '42501'].includes(String(error.code));
}
