/** Conversation rows with the counters of their logs and their owners' read positions, in SQL, for both dialects. */
import { type SqlBool, sql } from 'kysely';
import type { ConversationView, ConversationViewStore } from '../conversations/view-store.ts';
import type { Database } from '../database/database.ts';
import { mapInSlices } from '../kernel/time-slices.ts';
import { inChunks, inPages } from './sql-lists.ts';

export class SqlConversationViewStore implements ConversationViewStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
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
        'c.group_id',
        'c.is_pinned',
        'c.created_at',
        'c.min_seq as own_min_seq',
        'c.max_seq as own_max_seq',
        's.max_seq',
        's.min_seq',
        newestAt.as('max_seq_at'),
        'r.read_seq',
      ])
      .where('c.owner_user_id', '=', userID)
      .where(isThere);
    const rows =
      conversationIDs === undefined
        ? await inPages((after, limit) =>
            all.where('c.conversation_id', '>', after).orderBy('c.conversation_id').limit(limit).execute(),
          )
        : await inChunks([...new Set(conversationIDs)], (chunk) =>
            all.where('c.conversation_id', 'in', chunk).execute(),
          );
    return mapInSlices(rows, (row) => ({
      conversationID: row.conversation_id,
      logID: row.log_id,
      conversationType: row.conversation_type,
      peerUserID: row.user_id,
      groupID: row.group_id,
      isPinned: row.is_pinned === 1,
      createdAt: row.created_at,
      ownMinSeq: row.own_min_seq,
      ownMaxSeq: row.own_max_seq,
      maxSeq: row.max_seq ?? 0,
      minSeq: row.min_seq ?? 0,
      maxSeqAt: row.max_seq_at ?? 0,
      readSeq: row.read_seq ?? 0,
    }));
  }
}

/** Of a conversation row `c`. */
const ownLogID = sql<string>`CASE WHEN c.log_id = '' THEN c.conversation_id ELSE c.log_id END`;

/** Not deleted by its owner, or with messages since that the owner may read. */
const isThere = sql<SqlBool>`(c.deleted_seq < 0
  OR (s.max_seq > c.deleted_seq AND (c.max_seq = 0 OR c.max_seq > c.deleted_seq)))`;

/**
 * Of the newest message that the owner may read, 0 if it has deleted all: whoever has left is not to see how the others go
 * on. Looked up only where it is not the newest of all.
 */
const newestAt = sql<number | null>`CASE
  WHEN c.max_seq < 0 THEN 0
  WHEN c.max_seq > 0 OR c.hidden_seq >= s.max_seq OR s.erased_seq >= s.max_seq THEN COALESCE((
    SELECT m.sent_at FROM messages AS m
    WHERE m.conversation_id = s.conversation_id AND m.seq >= c.min_seq AND m.seq >= s.min_seq
      AND (c.max_seq = 0 OR m.seq <= c.max_seq)
      AND NOT EXISTS (
        SELECT 1 FROM message_deletions AS d
        WHERE d.conversation_id = m.conversation_id AND d.seq = m.seq AND d.user_id = c.owner_user_id
      )
    ORDER BY m.seq DESC LIMIT 1), 0)
  ELSE s.max_seq_at END`;
