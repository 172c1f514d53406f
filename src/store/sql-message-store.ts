/** Messages in SQLite or PostgreSQL. Appending differs per engine and has its own files; everything else is here. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database, PostgresDatabase, SqliteDatabase } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type {
  Appended,
  ConversationView,
  LogWindow,
  MessageStore,
  NewMessage,
  ReadPosition,
  SeqBounds,
  SingleChatFacts,
  StoredMessage,
} from '../log/message-store.ts';
import { appendInPostgres } from './postgres-append.ts';
import { appendInSqlite } from './sqlite-append.ts';

/** Parameters per statement that both engines take without complaint. */
const chunkSize = 500;

export class SqlMessageStore implements MessageStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  append(batch: readonly NewMessage[]): Promise<Appended[]> {
    return this.#db.dialect === 'sqlite' ? appendInSqlite(this.#db, batch) : appendInPostgres(this.#db, batch);
  }

  async singleChatFacts(sendID: string, recvID: string, conversationID: string): Promise<SingleChatFacts> {
    const [row] = await runHot<FactsRow>(this.#db, factsQuery, [sendID, recvID, conversationID]);
    return {
      senderLevel: row?.sender_level ?? undefined,
      receiverGlobalOption: row?.receiver_global ?? undefined,
      receiverOption: row?.receiver_option ?? undefined,
      senderHasRow: (row?.sender_row ?? undefined) !== undefined,
    };
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
    return new Map(
      rows.map((row) => [row.conversation_id, { maxSeq: row.max_seq, minSeq: row.min_seq, maxSeqAt: row.max_seq_at }]),
    );
  }

  async views(userID: string, conversationIDs?: readonly string[]): Promise<ConversationView[]> {
    const all = this.#db.reader
      .selectFrom('conversations as c')
      .leftJoin('conversation_seqs as s', (join) => join.on('s.conversation_id', '=', ownLogID))
      .leftJoin('read_seqs as r', (join) =>
        join.onRef('r.user_id', '=', 'c.owner_user_id').on('r.conversation_id', '=', ownLogID),
      )
      .select([
        'c.conversation_id',
        ownLogID.as('log_id'),
        'c.conversation_type',
        'c.user_id',
        'c.is_pinned',
        'c.min_seq as own_min_seq',
        'c.max_seq as own_max_seq',
        's.max_seq',
        's.min_seq',
        's.max_seq_at',
        'r.read_seq',
      ])
      .where('c.owner_user_id', '=', userID);
    const rows =
      conversationIDs === undefined
        ? await inPages((after) =>
            all.where('c.conversation_id', '>', after).orderBy('c.conversation_id').limit(viewsPerPage).execute(),
          )
        : await inChunks([...new Set(conversationIDs)], (chunk) =>
            all.where('c.conversation_id', 'in', chunk).execute(),
          );
    return rows.map((row) => ({
      conversationID: row.conversation_id,
      logID: row.log_id,
      conversationType: row.conversation_type,
      peerUserID: row.user_id,
      isPinned: row.is_pinned === 1,
      ownMinSeq: row.own_min_seq,
      ownMaxSeq: row.own_max_seq,
      maxSeq: row.max_seq ?? 0,
      minSeq: row.min_seq ?? 0,
      maxSeqAt: row.max_seq_at ?? 0,
      readSeq: row.read_seq ?? 0,
    }));
  }

  async readPosition(tx: Transaction, userID: string, logID: string): Promise<ReadPosition> {
    const row = await this.#db
      .executor(tx)
      .selectFrom('read_seqs')
      .select(['read_seq as readSeq', 'told_seq as toldSeq'])
      .where('user_id', '=', userID)
      .where('conversation_id', '=', logID)
      .executeTakeFirst();
    return { readSeq: row?.readSeq ?? 0, toldSeq: row?.toldSeq ?? 0 };
  }

  async raiseReadPosition(
    tx: Transaction,
    userID: string,
    logID: string,
    { readSeq = 0, toldSeq = 0 }: Partial<ReadPosition>,
  ): Promise<ReadPosition> {
    const row = await this.#db
      .executor(tx)
      .insertInto('read_seqs')
      .values({ user_id: userID, conversation_id: logID, read_seq: readSeq, told_seq: toldSeq })
      .onConflict((conflict) =>
        conflict
          .columns(['user_id', 'conversation_id'])
          .doUpdateSet({ read_seq: greater('read_seq'), told_seq: greater('told_seq') }),
      )
      .returning(['read_seq as readSeq', 'told_seq as toldSeq'])
      .executeTakeFirstOrThrow();
    return { readSeq: row.readSeq, toldSeq: row.toldSeq };
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

/** Of a conversation row `c`. */
const ownLogID = sql<string>`CASE WHEN c.log_id = '' THEN c.conversation_id ELSE c.log_id END`;

/** Of the stored value and the one to be inserted: neither engine's function for it is known to the other. */
function greater(column: 'read_seq' | 'told_seq') {
  const [stored, inserted] = [sql.ref(`read_seqs.${column}`), sql.ref(`excluded.${column}`)];
  return sql<number>`CASE WHEN ${inserted} > ${stored} THEN ${inserted} ELSE ${stored} END`;
}

interface FactsRow {
  sender_level: number | null;
  receiver_global: number | null;
  receiver_option: number | null;
  sender_row: number | null;
}

const factsQuery = hotQuery(
  `SELECT
    (SELECT app_manager_level FROM users WHERE user_id = $1) AS sender_level,
    (SELECT global_recv_msg_opt FROM users WHERE user_id = $2) AS receiver_global,
    (SELECT recv_msg_opt FROM conversations WHERE owner_user_id = $2 AND conversation_id = $3 AND user_id = $1) AS receiver_option,
    (SELECT 1 FROM conversations WHERE owner_user_id = $1 AND conversation_id = $3 AND user_id = $2) AS sender_row`,
);

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

/** A user may have tens of thousands of conversations: between pages others have their turn. */
const viewsPerPage = 500;

/** All rows in order of their conversation IDs. @param query a page of {@link viewsPerPage} rows after an ID */
async function inPages<Row extends { conversation_id: string }>(
  query: (after: string) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const page = await query(rows.at(-1)?.conversation_id ?? '');
    for (const row of page) rows.push(row);
    if (page.length < viewsPerPage) return rows;
    await nextTurn();
  }
}

async function inChunks<Item, Row>(items: readonly Item[], query: (chunk: Item[]) => Promise<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for (let start = 0; start < items.length; start += chunkSize) {
    if (start > 0) await nextTurn();
    rows.push(...(await query(items.slice(start, start + chunkSize))));
  }
  return rows;
}
