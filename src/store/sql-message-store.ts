/** Messages in SQLite or PostgreSQL. Appending differs per engine and has its own files; everything else is here. */

import type { Database, PostgresDatabase, SqliteDatabase } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import { forEachInSlices } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Appended, LogWindow, MessageStore, NewMessage, SeqBounds, StoredMessage } from '../log/message-store.ts';
import { appendInPostgres, appendInPostgresWithin } from './postgres-append.ts';
import { inChunks } from './sql-lists.ts';
import { appendInSqlite, appendInSqliteWithin } from './sqlite-append.ts';

export class SqlMessageStore implements MessageStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  append(batch: readonly NewMessage[]): Promise<Appended[]> {
    return this.#db.dialect === 'sqlite' ? appendInSqlite(this.#db, batch) : appendInPostgres(this.#db, batch);
  }

  appendWithin(tx: Transaction, batch: readonly NewMessage[]): Promise<Appended[]> {
    return this.#db.dialect === 'sqlite'
      ? appendInSqliteWithin(this.#db, tx, batch)
      : appendInPostgresWithin(this.#db, tx, batch);
  }

  async range(logID: string, begin: number, end: number, limit: number): Promise<StoredMessage[]> {
    const rows = await runHot<MessageRow>(this.#db, rangeQuery, [logID, begin, end, limit]);
    return rows.reverse().map(toStoredMessage);
  }

  async bySeqs(logID: string, seqs: readonly number[]): Promise<StoredMessage[]> {
    const found = await inChunks([...new Set(seqs)], (chunk) =>
      this.#db.reader
        .selectFrom('messages')
        .select(['seq', 'send_id', 'sent_at', 'session_type', 'is_read', 'body'])
        .where('conversation_id', '=', logID)
        .where('seq', 'in', chunk)
        .execute(),
    );
    return found.map(toStoredMessage).sort((a, b) => a.seq - b.seq);
  }

  async newest(windows: readonly LogWindow[]): Promise<Map<string, StoredMessage>> {
    const rows =
      this.#db.dialect === 'sqlite' ? newestInSqlite(this.#db, windows) : await newestInPostgres(this.#db, windows);
    return new Map(rows.map((row) => [row.conversation_id, toStoredMessage(row)]));
  }

  async bounds(logIDs: readonly string[]): Promise<Map<string, SeqBounds>> {
    const rows = await inChunks([...new Set(logIDs)], (chunk) =>
      this.#db.reader
        .selectFrom('conversation_seqs')
        .selectAll()
        .where('conversation_id', 'in', chunk)
        .where('max_seq', '>', 0)
        .execute(),
    );
    const bounds = new Map<string, SeqBounds>();
    await forEachInSlices(rows, (row) =>
      bounds.set(row.conversation_id, { maxSeq: row.max_seq, minSeq: row.min_seq, maxSeqAt: row.max_seq_at }),
    );
    return bounds;
  }

  async newestSeq(tx: Transaction, logID: string): Promise<number> {
    const row = await this.#db
      .executor(tx)
      .selectFrom('conversation_seqs')
      .select('max_seq')
      .where('conversation_id', '=', logID)
      .executeTakeFirst();
    return row?.max_seq ?? 0;
  }

  async markRead(
    tx: Transaction,
    logID: string,
    readerID: string,
    range: { readonly begin: number; readonly end: number },
    seqs: readonly number[],
  ): Promise<number[]> {
    const unreadBy = this.#db
      .executor(tx)
      .updateTable('messages')
      .set({ is_read: 1 })
      .where('conversation_id', '=', logID)
      .where('send_id', '<>', readerID)
      .returning('seq');
    const inRange = await unreadBy
      .where('seq', '>=', range.begin)
      .where('seq', '<=', range.end)
      .where('is_read', '=', 0)
      .execute();
    const listed = await inChunks([...new Set(seqs)], (chunk) => unreadBy.where('seq', 'in', chunk).execute());
    return [...new Set([...inRange, ...listed].map((row) => row.seq))].sort((a, b) => a - b);
  }
}

interface MessageRow {
  seq: number;
  send_id: string;
  sent_at: number;
  session_type: number;
  is_read: number;
  body: Uint8Array;
}

/** Newest first, so that LIMIT keeps the newest. */
const rangeQuery = hotQuery(
  `SELECT seq, send_id, sent_at, session_type, is_read, body FROM messages
  WHERE conversation_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq DESC LIMIT $4`,
);

type NewestRow = MessageRow & { conversation_id: string };

/** One lookup per window: in process that costs no round trip. */
function newestInSqlite(db: SqliteDatabase, windows: readonly LogWindow[]): NewestRow[] {
  const statement = db.sqlite.read.prepare(`SELECT conversation_id, seq, send_id, sent_at, session_type, is_read, body
    FROM messages WHERE conversation_id = ? AND seq BETWEEN ? AND ? ORDER BY seq DESC LIMIT 1`);
  return windows.flatMap((window) => {
    const row = statement.get(window.logID, window.lower, window.upper);
    return row === undefined ? [] : [row as unknown as NewestRow];
  });
}

function newestInPostgres(db: PostgresDatabase, windows: readonly LogWindow[]): Promise<NewestRow[]> {
  return db.connections.query<NewestRow>(
    `SELECT m.* FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS w (conversation_id, lower_seq, upper_seq)
      CROSS JOIN LATERAL (
        SELECT conversation_id, seq, send_id, sent_at, session_type, is_read, body FROM messages
        WHERE conversation_id = w.conversation_id AND seq BETWEEN w.lower_seq AND w.upper_seq
        ORDER BY seq DESC LIMIT 1
      ) AS m`,
    [windows.map(({ logID }) => logID), windows.map(({ lower }) => lower), windows.map(({ upper }) => upper)],
  );
}

function toStoredMessage(row: MessageRow): StoredMessage {
  return {
    seq: row.seq,
    sendID: row.send_id,
    sentAt: row.sent_at,
    sessionType: row.session_type,
    isRead: row.is_read === 1,
    body: Buffer.from(row.body.buffer, row.body.byteOffset, row.body.byteLength),
  };
}
