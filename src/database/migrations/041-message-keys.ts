/**
 * On SQLite keys take the place of the index of clientMsgIDs: see ../sqlite-message-keys.ts. Programs of before need the
 * index. What it took of the file is used again for what is stored next.
 */
import { CompiledQuery, type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';
import { insertionOf, KeyMap, messageKey, pairsPerStatement } from '../sqlite-message-keys.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  if (dialect === 'postgres') return;
  for (const statement of [
    `CREATE TABLE message_keys (
      key integer NOT NULL,
      seq bigint NOT NULL,
      PRIMARY KEY (key, seq)
    ) WITHOUT ROWID`,
    // Of each commit, (key, seq) of its messages as doubles.
    'CREATE TABLE message_keys_new (id integer PRIMARY KEY, keys blob NOT NULL)',
    'DROP INDEX messages_by_client_msg_id',
  ]) {
    await sql.raw(statement).execute(db);
  }
  await addKeys(db);
}

interface MessageRow {
  readonly row: number;
  readonly send_id: string;
  readonly client_msg_id: string;
  readonly conversation_id: string;
  readonly seq: number;
}

/** As many at a time as are little in memory, and each time in order: in none, each would be written by itself. */
async function addKeys(db: Kysely<unknown>): Promise<void> {
  let keys = new KeyMap();
  for (let after = 0, isOver = false; !isOver; ) {
    const { rows } = await sql<MessageRow>`SELECT rowid AS "row", send_id, client_msg_id, conversation_id, seq
      FROM messages WHERE rowid > ${after} ORDER BY rowid LIMIT 1000`.execute(db);
    for (const row of rows) keys.add(messageKey(row.send_id, row.client_msg_id, row.conversation_id), row.seq);
    after = rows.at(-1)?.row ?? after;
    isOver = rows.length === 0;
    if (!isOver && keys.size < keysInMemory) continue;
    const pairs = keys.pairsOf(keys.inOrder());
    for (let done = 0; done < pairs.length; done += pairsPerStatement) {
      const some = pairs.slice(done, done + pairsPerStatement);
      await db.executeQuery(CompiledQuery.raw(insertionOf(some.length), some.flat()));
    }
    keys = new KeyMap();
  }
}

const keysInMemory = 200_000;
