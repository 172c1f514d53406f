/**
 * Each pair of users gets a log of its own (protocol/log-id.ts): pairs whose IDs hold `_`, which others can spell too,
 * move theirs to a name that nobody else has. Seqs, and the IDs that clients know, stay.
 */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

interface Row {
  readonly owner: string;
  readonly peer: string;
  readonly id: string;
}

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  // Empty: the conversation ID, as nearly always.
  await sql.raw(`ALTER TABLE conversations ADD COLUMN log_id ${text} NOT NULL DEFAULT ''`).execute(db);

  const { rows } = await sql<Row>`SELECT owner_user_id AS owner, user_id AS peer, conversation_id AS id
    FROM conversations WHERE conversation_type = 1 AND owner_user_id <> user_id
      AND (owner_user_id LIKE '%\\_%' ESCAPE '\\' OR user_id LIKE '%\\_%' ESCAPE '\\')`.execute(db);
  const moved = new Set<string>();
  for (const { owner, peer, id } of rows) {
    const pair = [owner, peer].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).join('/');
    await sql`UPDATE conversations SET log_id = ${`si/${pair}`}
      WHERE owner_user_id = ${owner} AND conversation_id = ${id}`.execute(db);
    if (moved.has(pair)) continue;
    moved.add(pair);
    const rest = id.slice('si_'.length);
    await move(db, `si_${rest}`, `si/${pair}`);
    // What strangers put among a user's own notifications stays there: the user has seen those seqs.
    if (!isDoubled(rest)) await move(db, `n_${rest}`, `n/${pair}`);
  }
}

async function move(db: Kysely<unknown>, from: string, to: string): Promise<void> {
  for (const table of ['messages', 'conversation_seqs', 'read_seqs']) {
    await sql`UPDATE ${sql.table(table)} SET conversation_id = ${to} WHERE conversation_id = ${from}`.execute(db);
  }
}

/** `u_u`. */
function isDoubled(text: string): boolean {
  const half = (text.length - 1) / 2;
  return text.slice(0, half) === text.slice(half + 1) && text[half] === '_';
}
