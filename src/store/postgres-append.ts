/**
 * Appending a batch to PostgreSQL in a fixed number of round trips, whatever its size. The conversations' counter rows
 * are locked first, in order of their IDs: from then on no other node can give out a seq or store a repeat in them.
 */
import { CompiledQuery } from 'kysely';
import type { PostgresDatabase } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Appended, NewMessage } from '../log/message-store.ts';
import { refused, stamped } from './append-stamp.ts';
import { raiseSendersInPostgres } from './sql-read-position-store.ts';
import { isOpenGroup } from './sql-sending-facts.ts';

export function appendInPostgres(db: PostgresDatabase, batch: readonly NewMessage[]): Promise<Appended[]> {
  return db.write((connection) => appendAll(connection, batch));
}

/** What of a connection, or of a transaction on one, is needed here. */
interface Queries {
  query<Row extends object>(text: string, values: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
}

/** In a transaction under way, which has Kysely's executor and not a connection. */
export function appendInPostgresWithin(
  db: PostgresDatabase,
  tx: Transaction,
  batch: readonly NewMessage[],
): Promise<Appended[]> {
  const executor = db.executor(tx);
  return appendAll({ query: (text, values) => executor.executeQuery(CompiledQuery.raw(text, [...values])) }, batch);
}

async function appendAll(connection: Queries, batch: readonly NewMessage[]): Promise<Appended[]> {
  const counters = await lockCounters(connection, batch);
  const known = await findRepeats(connection, batch);
  const groups = await findGroups(connection, batch);
  const fresh: { message: NewMessage; appended: Appended }[] = [];
  const results = batch.map((message) => {
    const repeat = known.get(identity(message));
    if (repeat !== undefined) return repeat;
    if (!holds(message, groups)) return refused(message);
    const last = counters.get(message.logID) ?? { seq: 0, sentAt: 0 };
    const seq = last.seq + 1;
    const { serverMsgID, hasChosenTime } = message;
    const sentAt = hasChosenTime ? message.sentAt : Math.max(last.sentAt, message.sentAt);
    counters.set(message.logID, { seq, sentAt: hasChosenTime ? last.sentAt : sentAt });
    const appended = {
      seq,
      serverMsgID,
      sentAt,
      isDuplicate: false,
      isRefused: false,
      body: stamped(message, seq, sentAt),
    };
    fresh.push({ message, appended });
    // A repeat may stand further down in the same batch.
    known.set(identity(message), { ...appended, isDuplicate: true, body: Buffer.alloc(0) });
    return appended;
  });
  if (fresh.length > 0) await insert(connection, fresh);
  return results;
}

/** @returns each conversation's newest message; the counter rows are now locked until the transaction ends. */
async function lockCounters(connection: Queries, batch: readonly NewMessage[]): Promise<Map<string, Counter>> {
  const ids = [...new Set(batch.map(({ logID }) => logID))];
  const { rows } = await connection.query<{ conversation_id: string; max_seq: number; last_sent_at: number }>(
    `INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at)
      SELECT id, 0, 0 FROM unnest($1::text[]) AS id ORDER BY id COLLATE "C"
      ON CONFLICT (conversation_id) DO UPDATE SET max_seq = conversation_seqs.max_seq
      RETURNING conversation_id, max_seq, last_sent_at`,
    [ids],
  );
  return new Map(rows.map((row) => [row.conversation_id, { seq: row.max_seq, sentAt: row.last_sent_at }]));
}

/** A conversation's newest message, its time not chosen by a back end. */
interface Counter {
  readonly seq: number;
  readonly sentAt: number;
}

async function findRepeats(connection: Queries, batch: readonly NewMessage[]): Promise<Map<string, Appended>> {
  const { rows } = await connection.query<{
    send_id: string;
    client_msg_id: string;
    conversation_id: string;
    seq: number;
    server_msg_id: string;
    sent_at: number;
  }>(
    `SELECT m.send_id, m.client_msg_id, m.conversation_id, m.seq, m.server_msg_id, m.sent_at
      FROM unnest($1::text[], $2::text[], $3::text[]) AS k (send_id, client_msg_id, conversation_id)
      JOIN messages AS m USING (send_id, client_msg_id, conversation_id)`,
    [batch.map(({ sendID }) => sendID), batch.map(({ clientMsgID }) => clientMsgID), batch.map(({ logID }) => logID)],
  );
  return new Map(
    rows.map((row) => [
      JSON.stringify([row.send_id, row.client_msg_id, row.conversation_id]),
      {
        seq: row.seq,
        serverMsgID: row.server_msg_id,
        sentAt: row.sent_at,
        isDuplicate: true,
        isRefused: false,
        body: Buffer.alloc(0),
      },
    ]),
  );
}

/** By group ID, the groups of conditions, with those of the batch's senders who are in them. No query without conditions. */
async function findGroups(connection: Queries, batch: readonly NewMessage[]): Promise<Map<string, ConditionGroup>> {
  const groups = new Map<string, ConditionGroup>();
  const asked = batch.filter(({ condition }) => condition !== undefined);
  if (asked.length === 0) return groups;
  const { rows } = await connection.query<{ group_id: string; status: number; member_id: string | null }>(
    `SELECT g.group_id, g.status, m.user_id AS member_id
      FROM unnest($1::text[], $2::text[]) AS k (group_id, user_id)
      JOIN groups AS g ON g.group_id = k.group_id
      LEFT JOIN group_members AS m ON m.group_id = k.group_id AND m.user_id = k.user_id`,
    [asked.map(({ condition }) => condition?.groupID), asked.map(({ sendID }) => sendID)],
  );
  for (const { group_id: groupID, status, member_id: memberID } of rows) {
    const group = groups.get(groupID) ?? { isOpen: isOpenGroup(status), members: new Set<string>() };
    if (memberID !== null) group.members.add(memberID);
    groups.set(groupID, group);
  }
  return groups;
}

interface ConditionGroup {
  readonly isOpen: boolean;
  readonly members: Set<string>;
}

function holds({ condition, sendID }: NewMessage, groups: ReadonlyMap<string, ConditionGroup>): boolean {
  if (condition === undefined) return true;
  const group = groups.get(condition.groupID);
  return group?.isOpen === true && (!condition.isForMembersOnly || group.members.has(sendID));
}

/** Messages, counters and senders' read positions in one statement. */
async function insert(
  connection: Queries,
  fresh: readonly { message: NewMessage; appended: Appended }[],
): Promise<void> {
  const column = <T>(pick: (entry: (typeof fresh)[number]) => T): T[] => fresh.map(pick);
  await connection.query(
    `WITH fresh AS (
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::int[], $8::int[], $9::bytea[], $10::bool[], $11::bigint[], $12::bool[])
          AS f (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body, raises, accepted_at, chosen)
      ), stored AS (
        INSERT INTO messages (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body)
        SELECT conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body FROM fresh
      ), counted AS (
        UPDATE conversation_seqs AS c SET max_seq = n.seq, max_seq_at = GREATEST(c.max_seq_at, n.accepted_at), last_sent_at = GREATEST(c.last_sent_at, n.sent_at)
        FROM (SELECT conversation_id, max(seq) AS seq, max(accepted_at) AS accepted_at, max(sent_at) FILTER (WHERE NOT chosen) AS sent_at FROM fresh GROUP BY conversation_id) AS n
        WHERE c.conversation_id = n.conversation_id
      )
      ${raiseSendersInPostgres}`,
    [
      column(({ message }) => message.logID),
      column(({ appended }) => appended.seq),
      column(({ message }) => message.sendID),
      column(({ message }) => message.clientMsgID),
      column(({ message }) => message.serverMsgID),
      column(({ appended }) => appended.sentAt),
      column(({ message }) => message.sessionType),
      column(({ message }) => message.contentType),
      column(({ appended }) => appended.body),
      column(({ message }) => message.raisesSenderReadSeq),
      column(({ message }) => message.acceptedAt),
      column(({ message }) => message.hasChosenTime),
    ],
  );
}

function identity({ sendID, clientMsgID, logID }: NewMessage): string {
  return JSON.stringify([sendID, clientMsgID, logID]);
}
