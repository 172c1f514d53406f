/** How far the members of a group have read its chat, in SQL, for both dialects. */
import type { Database } from '../database/database.ts';
import type { GroupReader, GroupReaderStore } from '../messaging/group-reader-store.ts';

export class SqlGroupReaderStore implements GroupReaderStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async readers(groupID: string, logID: string, limit: number): Promise<readonly GroupReader[]> {
    const rows = await this.#db.reader
      .selectFrom('group_members as m')
      .leftJoin('read_seqs as r', (join) =>
        join.onRef('r.user_id', '=', 'm.user_id').on('r.conversation_id', '=', logID),
      )
      .leftJoin('conversations as c', (join) =>
        join.onRef('c.owner_user_id', '=', 'm.user_id').on('c.conversation_id', '=', logID),
      )
      .select(['m.user_id', 'r.read_seq', 'c.min_seq'])
      .where('m.group_id', '=', groupID)
      .orderBy('m.user_id')
      .limit(limit)
      .execute();
    return rows.map((row) => ({ userID: row.user_id, readSeq: row.read_seq ?? 0, fromSeq: row.min_seq ?? 0 }));
  }
}
