/** Claims on keys of the outbox in PostgreSQL, by whose clock they end. */
import type { PostgresDatabase } from '../database/database.ts';
import type { OutboxRow, OutboxStore, OutboxTopic, SharedOutboxStore } from '../notices/outbox-store.ts';

export class PostgresOutboxClaims implements SharedOutboxStore {
  readonly #db: PostgresDatabase;
  readonly #rows: Pick<OutboxStore, 'add' | 'take'>;

  /** @param rows adds and takes the rows themselves */
  constructor(db: PostgresDatabase, rows: Pick<OutboxStore, 'add' | 'take'>) {
    this.#db = db;
    this.#rows = rows;
  }

  add(...rows: Parameters<OutboxStore['add']>): Promise<readonly OutboxRow[]> {
    return this.#rows.add(...rows);
  }

  take(...args: Parameters<OutboxStore['take']>): Promise<boolean> {
    return this.#rows.take(...args);
  }

  async claim(
    keys: readonly string[],
    fence: string,
    holdMs: number,
    limit: number,
  ): Promise<ReadonlyMap<string, readonly OutboxRow[]>> {
    const { connections } = this.#db;
    const claimed = await connections.query<{ key: string }>(
      `INSERT INTO outbox_claims (item_key, fence, held_until)
        SELECT key, $2, ${nowMs} + $3 FROM unnest($1::text[]) AS k (key) ORDER BY key COLLATE "C"
        ON CONFLICT (item_key) DO UPDATE SET fence = excluded.fence, held_until = excluded.held_until
        WHERE outbox_claims.held_until <= ${nowMs}
        RETURNING item_key AS key`,
      [keys, fence, holdMs],
    );
    // Not in the same statement, which would not see what the last holder has left since it began.
    const rows = await connections.query<Row>(
      `SELECT r.id, r.topic, r.item_key AS key, r.payload FROM unnest($1::text[]) AS k (key)
        CROSS JOIN LATERAL (SELECT * FROM outbox WHERE item_key = k.key ORDER BY id LIMIT $2) AS r ORDER BY r.id`,
      [claimed.map(({ key }) => key), limit],
    );
    const byKey = Map.groupBy(rows, ({ key }) => key);
    return new Map(claimed.map(({ key }) => [key, (byKey.get(key) ?? []).map(toRow)]));
  }

  async hold(fence: string, holdMs: number): Promise<void> {
    await this.#db.connections.query(
      `UPDATE outbox_claims SET held_until = ${nowMs} + $2 WHERE fence = $1 AND held_until > ${nowMs}`,
      [fence, holdMs],
    );
  }

  async release(key: string, fence: string, done: readonly number[]): Promise<boolean> {
    const held = await this.#db.connections.query(
      `WITH held AS (DELETE FROM outbox_claims WHERE item_key = $1 AND fence = $2 RETURNING 1),
        removed AS (DELETE FROM outbox WHERE id = ANY ($3::bigint[]) AND EXISTS (SELECT 1 FROM held))
        SELECT 1 AS held FROM held`,
      [key, fence, done],
    );
    return held.length > 0;
  }

  async left(forMs: number, limit: number): Promise<readonly string[]> {
    const rows = await this.#db.connections.query<{ key: string }>(
      `SELECT DISTINCT item_key AS key FROM
        (SELECT item_key FROM outbox WHERE created_at <= ${nowMs} - $1 ORDER BY id LIMIT $2) AS oldest`,
      [forMs, limit],
    );
    return rows.map(({ key }) => key);
  }
}

const nowMs = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

interface Row {
  readonly id: number;
  readonly topic: string;
  readonly key: string;
  readonly payload: string;
}

function toRow({ topic, ...row }: Row): OutboxRow {
  return { ...row, topic: topic as OutboxTopic };
}
