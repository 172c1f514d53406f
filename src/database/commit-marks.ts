/**
 * What tells a transaction whose COMMIT was not answered from one that was undone: each writes a number of its own into a
 * row that it shares with no other transaction under way, and whoever reads that row afterwards waits for its end. That
 * holds also where another server has taken over, since the mark is replicated with what it marks.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresConnections } from './postgres-connections.ts';

export interface CommitMark {
  /** The row; only the transactions of one connection at a time use it. */
  readonly slot: string;
  readonly number: number;
}

export class CommitMarks {
  readonly #connections: Pick<PostgresConnections, 'connect' | 'query'>;
  /** Rows of other processes, and of earlier ones, have other names. */
  readonly #process = randomUUID();
  readonly #free: string[] = [];
  readonly #closing = new AbortController();
  #slots = 0;
  #last = 0;

  constructor(connections: Pick<PostgresConnections, 'connect' | 'query'>) {
    this.#connections = connections;
  }

  take(): CommitMark {
    return { slot: this.#free.pop() ?? `${this.#process}-${++this.#slots}`, number: ++this.#last };
  }

  /** Not of a transaction that may still be under way on a server that has lost us: it holds its row. */
  giveBack({ slot }: CommitMark): void {
    this.#free.push(slot);
  }

  /**
   * Resolves once the database says whether the transaction holds, which it does not before that has ended.
   * @returns undefined if nobody wants to know any more
   */
  async holds({ slot, number }: CommitMark): Promise<boolean | undefined> {
    while (!this.#closing.signal.aborted) {
      try {
        return (await this.#read(slot)) === number;
      } catch {
        // Why it does not answer is told where writes are watched; the wait ends with the process.
        await delay(askAgainMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      }
    }
    return undefined;
  }

  /** In a transaction that must hold itself: where it is replicated, so is what it has read. */
  async #read(slot: string): Promise<number | undefined> {
    const connection = await this.#connections.connect();
    try {
      await connection.begin({ isFenced: false });
      // Where there is no row yet, or not for good, this waits for whoever makes it, too; a SELECT would not.
      const { rows } = await connection.query<{ mark: number }>(
        `INSERT INTO commit_marks (slot, mark, made_at) VALUES ($1, 0, now())
          ON CONFLICT (slot) DO UPDATE SET mark = commit_marks.mark RETURNING mark`,
        [slot],
      );
      await connection.commit();
      return rows[0]?.mark;
    } catch (error) {
      await connection.rollback();
      throw error;
    } finally {
      connection.release();
    }
  }

  /** Removes rows of processes that are long gone. */
  async sweep(): Promise<void> {
    await this.#connections.query(`DELETE FROM commit_marks WHERE made_at < now() - interval '1 day'`);
  }

  /** Nobody waits for {@link holds} any more. */
  close(): void {
    this.#closing.abort();
  }
}

const askAgainMs = 250;

/** The statement of a transaction that writes its mark; both are made here and need no escaping. */
export function writeMark({ slot, number }: CommitMark): string {
  return `INSERT INTO commit_marks (slot, mark, made_at) VALUES ('${slot}', ${number}, now())
    ON CONFLICT (slot) DO UPDATE SET mark = excluded.mark, made_at = excluded.made_at`;
}
