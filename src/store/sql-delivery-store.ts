/**
 * Deliveries to the world outside in SQL, for both dialects. A key's row is locked before rows are added to it, so that
 * their IDs rise in the order of commits; it goes with the last row that is open. Appends add rows in their own transaction.
 */
import { randomUUID } from 'node:crypto';
import { CompiledQuery, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { Statement } from '../database/postgres-connections.ts';
import type { StatementCache } from '../database/statement-cache.ts';
import type {
  Delivery,
  DeliveryClaim,
  DeliveryCounts,
  DeliveryEntry,
  DeliveryStore,
  DeliveryTopic,
  ParkedDelivery,
  Settlement,
} from '../deliveries/delivery-store.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { insertPieces, isOneOf } from './sql-lists.ts';

export class SqlDeliveryStore implements DeliveryStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(tx: Transaction, entries: readonly DeliveryEntry[], at: number): Promise<void> {
    if (this.#db.dialect === 'sqlite') return addDeliveriesInSqlite(this.#db.sqlite.within(tx), entries, at);
    for (const { text, values } of deliveriesInPostgres(entries, at)) {
      await this.#db.executor(tx).executeQuery(CompiledQuery.raw(text, [...values]));
    }
  }

  async cancel(tx: Transaction, topic: DeliveryTopic, keys: readonly string[]): Promise<void> {
    for (const table of ['delivery_keys', 'deliveries'] as const) {
      await this.#db
        .executor(tx)
        .deleteFrom(table)
        .where('topic', '=', topic)
        .where(isOneOf(this.#db.dialect, 'item_key', keys.toSorted()))
        .execute();
    }
  }

  async claim(topic: DeliveryTopic, at: number, until: number, limit: number): Promise<readonly DeliveryClaim[]> {
    // Mostly nothing is due: then nobody who writes waits for it.
    if ((await runHot(this.#db, anyDue, [topic, at])).length === 0) return [];
    const fence = randomUUID();
    const isShared = this.#db.dialect === 'postgres';
    return this.#db.transaction(async (tx) => {
      const executor = this.#db.executor(tx);
      const { rows } = await sql<{ item_key: string }>`UPDATE delivery_keys SET held_until = ${until}, fence = ${fence}
        WHERE topic = ${topic} AND item_key IN (
          SELECT item_key FROM delivery_keys WHERE topic = ${topic} AND due_at <= ${at} AND held_until <= ${at}
          ORDER BY due_at LIMIT ${limit} ${isShared ? sql`FOR UPDATE SKIP LOCKED` : sql``}
        ) RETURNING item_key`.execute(executor);
      return rows.map(({ item_key: key }) => ({ topic, key, fence }));
    });
  }

  async open({ topic, key }: DeliveryClaim, limit: number): Promise<readonly Delivery[]> {
    const rows = await runHot<DeliveryRow>(this.#db, openRows, [topic, key, limit]);
    return rows.map(toDelivery);
  }

  async settle({ topic, key, fence }: DeliveryClaim, settlement: Settlement): Promise<boolean> {
    const { delivered, failed, following, dueAt } = settlement;
    return this.#db.transaction(async (tx) => {
      const held = await runHot(this.#db, endClaim, [topic, key, fence, dueAt], tx);
      if (held.length === 0) return false;
      await this.#remove(tx, delivered);
      if (failed !== undefined) {
        const { id, attempts, failure, parkedAt = null, payload = null } = failed;
        await runHot(this.#db, keepFailed, [id, attempts, failure, parkedAt, payload], tx);
      }
      if (following !== undefined) await this.add(tx, following.entries, following.at);
      await runHot(this.#db, removeDone, [topic, key], tx);
      return true;
    });
  }

  async #remove(tx: Transaction, ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    if (this.#db.dialect === 'postgres') await runHot(this.#db, removeRows, [[...ids]], tx);
    else for (const id of ids) await runHot(this.#db, removeRow, [id], tx);
  }

  async counts(topic: DeliveryTopic): Promise<DeliveryCounts> {
    const counted = await this.#db.reader
      .selectFrom('deliveries')
      .where('topic', '=', topic)
      .select(({ fn }) => [
        fn.count<number>(sql`CASE WHEN parked_at IS NULL THEN 1 END`).as('waiting'),
        fn.count<number>('parked_at').as('parked'),
        fn.min<number | null>(sql<number>`CASE WHEN parked_at IS NULL THEN created_at END`).as('oldest'),
      ])
      .executeTakeFirstOrThrow();
    return {
      waiting: Number(counted.waiting),
      parked: Number(counted.parked),
      oldestAt: counted.oldest === null ? undefined : Number(counted.oldest),
    };
  }

  async parked(topic: DeliveryTopic, after: number, limit: number): Promise<readonly ParkedDelivery[]> {
    const rows = await this.#db.reader
      .selectFrom('deliveries')
      .select(['id', 'topic', 'item_key', 'delivery_id', 'payload', 'created_at', 'attempts', 'is_replayed'])
      .select(['parked_at', 'failure'])
      .where('topic', '=', topic)
      .where('parked_at', 'is not', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ parked_at, failure, ...row }) => ({ ...toDelivery(row), parkedAt: parked_at ?? 0, failure }));
  }

  async replay(topic: DeliveryTopic, ids: readonly number[], at: number): Promise<number> {
    return this.#db.transaction(async (tx) => {
      let count = 0;
      for (const piece of insertPieces(ids)) {
        const rows = await this.#db
          .executor(tx)
          .updateTable('deliveries')
          .set({ parked_at: null, attempts: 0, is_replayed: 1 })
          .where('topic', '=', topic)
          .where('id', 'in', piece)
          .where('parked_at', 'is not', null)
          .returning('item_key')
          .execute();
        count += rows.length;
        for (const key of new Set(rows.map(({ item_key }) => item_key).sort())) {
          await runHot(this.#db, lockKey, [topic, key, at], tx);
        }
      }
      return count;
    });
  }

  async drop(topic: DeliveryTopic, ids: readonly number[]): Promise<number> {
    return this.#db.transaction(async (tx) => {
      let count = 0;
      for (const piece of insertPieces(ids)) {
        const rows = await this.#db
          .executor(tx)
          .deleteFrom('deliveries')
          .where('topic', '=', topic)
          .where('id', 'in', piece)
          .where('parked_at', 'is not', null)
          .returning('id')
          .execute();
        count += rows.length;
      }
      return count;
    });
  }
}

/** Adds rows in the transaction under way on this connection. */
export function addDeliveriesInSqlite(connection: StatementCache, entries: readonly DeliveryEntry[], at: number): void {
  for (const { topic, key, deliveryID, payload, dueAt = at } of entries) {
    connection.prepare(lockKey.sqliteText).run(topic, key, dueAt);
    connection.prepare(insertInSqlite).run(topic, key, deliveryID, payload, at);
  }
}

/** What adds rows to a transaction: two statements, whatever their number. */
export function deliveriesInPostgres(entries: readonly DeliveryEntry[], at: number): readonly Statement[] {
  if (entries.length === 0) return [];
  const topics = entries.map(({ topic }) => topic);
  const keys = entries.map(({ key }) => key);
  const deliveryIDs = entries.map(({ deliveryID }) => deliveryID);
  const payloads = entries.map(({ payload }) => payload);
  const dueAts = entries.map(({ dueAt = at }) => dueAt);
  return [
    { name: 'deliveries-lock', text: lockKeysInPostgres, values: [topics, keys, dueAts] },
    { name: 'deliveries-add', text: insertInPostgres, values: [topics, keys, deliveryIDs, payloads, at] },
  ];
}

/** What waits for its next attempt goes on waiting. */
const lockKey = hotQuery(`INSERT INTO delivery_keys (topic, item_key, due_at) VALUES ($1, $2, $3)
  ON CONFLICT (topic, item_key) DO UPDATE SET due_at = delivery_keys.due_at`);

const lockKeysInPostgres = `INSERT INTO delivery_keys (topic, item_key, due_at)
  SELECT topic, item_key, min(due_at) FROM unnest($1::text[], $2::text[], $3::bigint[]) AS k (topic, item_key, due_at)
  GROUP BY topic, item_key ORDER BY topic COLLATE "C", item_key COLLATE "C"
  ON CONFLICT (topic, item_key) DO UPDATE SET due_at = delivery_keys.due_at`;

const insertInSqlite =
  'INSERT INTO deliveries (topic, item_key, delivery_id, payload, created_at) VALUES (?, ?, ?, ?, ?)';

const insertInPostgres = `INSERT INTO deliveries (topic, item_key, delivery_id, payload, created_at)
  SELECT topic, item_key, delivery_id, payload, $5::bigint
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS e (topic, item_key, delivery_id, payload, n)
  ORDER BY n`;

const anyDue = hotQuery(
  'SELECT 1 AS due FROM delivery_keys WHERE topic = $1 AND due_at <= $2 AND held_until <= $2 LIMIT 1',
);

const openRows =
  hotQuery(`SELECT id, topic, item_key, delivery_id, payload, created_at, attempts, is_replayed FROM deliveries
  WHERE topic = $1 AND item_key = $2 AND parked_at IS NULL ORDER BY id LIMIT $3`);

const endClaim = hotQuery(`UPDATE delivery_keys SET held_until = 0, due_at = $4
  WHERE topic = $1 AND item_key = $2 AND fence = $3 RETURNING fence`);

const removeRow = hotQuery('DELETE FROM deliveries WHERE id = $1');
const removeRows = hotQuery('DELETE FROM deliveries WHERE id = ANY ($1::bigint[])');

const keepFailed =
  hotQuery(`UPDATE deliveries SET attempts = $2, failure = $3, parked_at = $4, payload = coalesce($5, payload)
  WHERE id = $1`);

const removeDone = hotQuery(`DELETE FROM delivery_keys WHERE topic = $1 AND item_key = $2
  AND NOT EXISTS (SELECT 1 FROM deliveries WHERE topic = $1 AND item_key = $2 AND parked_at IS NULL)`);

interface DeliveryRow {
  readonly id: number;
  readonly topic: string;
  readonly item_key: string;
  readonly delivery_id: string;
  readonly payload: string;
  readonly created_at: number;
  readonly attempts: number;
  readonly is_replayed: number;
}

function toDelivery(row: DeliveryRow): Delivery {
  const { id, topic, item_key: key, delivery_id: deliveryID, payload, created_at: createdAt, attempts } = row;
  const isReplayed = row.is_replayed === 1;
  return { id, topic: topic as DeliveryTopic, key, deliveryID, payload, createdAt, attempts, isReplayed };
}
