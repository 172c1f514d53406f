/** What must hold in a server's database whatever its users have done, once nothing is under way any more. */
import type { DatabaseReader } from './database-reader.ts';
import type { MixedRecord } from './mixed-record.ts';

/** One thing that must hold, and what does not. */
export interface Finding {
  readonly rule: string;
  /** How many were looked at. */
  readonly looked: number;
  readonly faults: readonly string[];
}

export async function checkInvariants(db: DatabaseReader, record: MixedRecord): Promise<Finding[]> {
  return [
    await seqsAreDense(db, record),
    await nothingAcknowledgedIsMissing(db, record),
    await none(
      db,
      'no clientMsgID twice',
      'SELECT count(*) AS looked FROM messages',
      'SELECT client_msg_id AS what, count(*) AS found FROM messages GROUP BY client_msg_id HAVING count(*) > 1',
    ),
    await none(
      db,
      'times never fall along the seqs',
      'SELECT count(*) AS looked FROM messages',
      `SELECT m.conversation_id AS what, m.seq AS found FROM messages m
       JOIN messages n ON n.conversation_id = m.conversation_id AND n.seq = m.seq + 1 WHERE n.sent_at < m.sent_at`,
    ),
    await none(
      db,
      'read positions within the log',
      'SELECT count(*) AS looked FROM read_seqs',
      `SELECT r.conversation_id AS what, r.read_seq AS found FROM read_seqs r
       LEFT JOIN conversation_seqs s ON s.conversation_id = r.conversation_id
       WHERE r.read_seq > coalesce(s.max_seq, 0)`,
    ),
    await none(
      db,
      'windows within the log',
      'SELECT count(*) AS looked FROM conversations',
      `SELECT c.conversation_id AS what, c.max_seq AS found FROM conversations c
       LEFT JOIN conversation_seqs s ON s.conversation_id = c.conversation_id
       WHERE c.max_seq > coalesce(s.max_seq, 0) OR c.min_seq > coalesce(s.max_seq, 0) + 1`,
    ),
    // A log keeps the newest change of each thing: the newest of all is that of the head.
    await none(
      db,
      'version heads are those of their logs',
      "SELECT count(*) AS looked FROM version_heads WHERE kind <> ''",
      `SELECT h.kind || ' of ' || h.owner_id AS what, h.version AS found FROM version_heads h
       LEFT JOIN (SELECT kind, owner_id, max(version) AS newest FROM version_entries GROUP BY kind, owner_id) e
         ON e.kind = h.kind AND e.owner_id = h.owner_id
       WHERE h.kind <> '' AND h.version <> coalesce(e.newest, 1)`,
    ),
    await none(
      db,
      'member counts are those of the members',
      'SELECT count(*) AS looked FROM groups',
      `SELECT g.group_id AS what, g.member_count AS found FROM groups g
       WHERE g.member_count <> (SELECT count(*) FROM group_members m WHERE m.group_id = g.group_id)`,
    ),
    await none(
      db,
      'one owner per living group, who is its member',
      'SELECT count(*) AS looked FROM groups WHERE status <> 2',
      `SELECT g.group_id AS what, g.owner_user_id AS found FROM groups g WHERE g.status <> 2 AND (
         (SELECT count(*) FROM group_members m WHERE m.group_id = g.group_id AND m.role_level = 100) <> 1
         OR NOT EXISTS (SELECT 1 FROM group_members m
           WHERE m.group_id = g.group_id AND m.user_id = g.owner_user_id AND m.role_level = 100))`,
    ),
    await none(
      db,
      'members have their conversation, open to the end',
      'SELECT count(*) AS looked FROM group_members',
      `SELECT m.group_id || '/' || m.user_id AS what, coalesce(c.max_seq, -1) AS found FROM group_members m
       LEFT JOIN conversations c ON c.owner_user_id = m.user_id AND c.conversation_id = 'sg_' || m.group_id
       WHERE coalesce(c.max_seq, -1) <> 0`,
    ),
    await none(
      db,
      'nothing is left in the outbox',
      'SELECT count(*) AS looked FROM outbox',
      'SELECT topic AS what, count(*) AS found FROM outbox GROUP BY topic',
    ),
  ];
}

/** What was erased for everybody may be missing, and nothing else. */
async function seqsAreDense(db: DatabaseReader, { erased }: MixedRecord): Promise<Finding> {
  const logs = await db.rows(
    `SELECT s.conversation_id AS id, s.max_seq AS newest, count(m.seq) AS stored, coalesce(max(m.seq), 0) AS last
     FROM conversation_seqs s LEFT JOIN messages m ON m.conversation_id = s.conversation_id
     GROUP BY s.conversation_id, s.max_seq`,
  );
  const faults: string[] = [];
  for (const { id, newest, stored, last } of logs) {
    if (last > newest) faults.push(`${id} holds ${last}, its counter says ${newest}`);
    if (stored === newest) continue;
    const seqs = await db.rows(`SELECT seq FROM messages WHERE conversation_id = '${id}'`);
    const held = new Set(seqs.map(({ seq }) => seq));
    for (let seq = 1; seq <= newest; seq += 1) {
      if (!held.has(seq) && !erased.has(`${id}/${seq}`)) faults.push(`${id}/${seq} is missing`);
    }
  }
  return { rule: 'seqs are dense', looked: logs.length, faults };
}

async function nothingAcknowledgedIsMissing(db: DatabaseReader, record: MixedRecord): Promise<Finding> {
  const rows = await db.rows(
    `SELECT client_msg_id, server_msg_id, conversation_id FROM messages WHERE client_msg_id LIKE 'mixed-%'`,
  );
  const stored = new Map(rows.map((row) => [row.client_msg_id, row]));
  const faults: string[] = [];
  let missing = 0;
  for (const { clientMsgID, serverMsgID, conversationID } of record.acknowledged.values()) {
    const row = stored.get(clientMsgID);
    if (row === undefined) missing += 1;
    else if (row.server_msg_id !== serverMsgID || row.conversation_id !== conversationID) {
      faults.push(`${clientMsgID} is stored as another message than was acknowledged`);
    }
  }
  // Which of them were erased, their senders cannot know: no more than were.
  if (missing > record.erased.size) faults.push(`${missing} are missing, ${record.erased.size} were erased`);
  return { rule: 'nothing acknowledged is missing', looked: record.acknowledged.size, faults };
}

async function none(db: DatabaseReader, rule: string, count: string, statement: string): Promise<Finding> {
  const [counted] = await db.rows(count);
  const rows = await db.rows(statement);
  return { rule, looked: counted?.looked ?? 0, faults: rows.map(({ what, found }) => `${what}: ${found}`) };
}
