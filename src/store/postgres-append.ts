/**
 * Appending a batch to PostgreSQL in a fixed number of round trips, whatever its size. The conversations' counter rows
 * are locked first, in order of their IDs: from then on no other node can give out a seq or store a repeat in them.
 */
import { CompiledQuery } from 'kysely';
import type { PostgresDatabase } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { GroupVersion } from '../log/delivery.ts';
import type { Appended, NewMessage } from '../log/message-store.ts';
import type { OutgoingMessage } from '../log/outgoing-store.ts';
import { refused, stamped } from './append-stamp.ts';
import { keepOutgoing, type PostgresOutgoingStore } from './postgres-outgoing-store.ts';
import { addDeliveriesInPostgres } from './sql-delivery-store.ts';
import { raiseSendersInPostgres } from './sql-read-position-store.ts';
import { isOpenGroup } from './sql-sending-facts.ts';

/** @param outgoing of a node, which keeps beside its messages to whom they go */
export function appendInPostgres(
  db: PostgresDatabase,
  batch: readonly NewMessage[],
  outgoing?: PostgresOutgoingStore,
): Promise<Appended[]> {
  return db.write((connection) => appendAll(connection, batch, outgoing));
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
  outgoing?: PostgresOutgoingStore,
): Promise<Appended[]> {
  const executor = db.executor(tx);
  const connection: Queries = { query: (text, values) => executor.executeQuery(CompiledQuery.raw(text, [...values])) };
  return appendAll(connection, batch, outgoing);
}

async function appendAll(
  connection: Queries,
  batch: readonly NewMessage[],
  outgoing: PostgresOutgoingStore | undefined,
): Promise<Appended[]> {
  const counters = await lockCounters(connection, batch);
  const known = await findRepeats(connection, batch);
  const groups = await findGroups(connection, batch, outgoing !== undefined);
  const fresh: { message: NewMessage; appended: Appended }[] = [];
  const results = batch.map((message) => {
    const repeat = known.get(identity(message));
    if (repeat !== undefined) return repeat;
    if (!holds(message, groups)) return refused(message);
    const last = counters.get(message.logID) ?? { seq: 0, sentAt: 0, at: 0 };
    const seq = last.seq + 1;
    const { serverMsgID, hasChosenTime } = message;
    const sentAt = hasChosenTime ? message.sentAt : Math.max(last.sentAt, message.sentAt);
    counters.set(message.logID, { seq, sentAt: hasChosenTime ? last.sentAt : sentAt, at: message.acceptedAt });
    const appended = {
      seq,
      serverMsgID,
      sentAt,
      isDuplicate: false,
      isRefused: false,
      body: stamped(message, seq, sentAt),
      asOf: groups.get(groupOf(message) ?? '')?.asOf,
      followsMs: Math.max(0, message.acceptedAt - last.at),
    };
    fresh.push({ message, appended });
    // A repeat may stand further down in the same batch.
    known.set(identity(message), { ...appended, isDuplicate: true, body: Buffer.alloc(0) });
    return appended;
  });
  if (fresh.length > 0) await insert(connection, fresh, outgoing);
  const told = fresh.flatMap(({ message, appended }) => message.deliveries?.(appended) ?? []);
  if (told.length > 0) {
    await addDeliveriesInPostgres(
      (text, values) => connection.query(text, values),
      told,
      fresh[0]?.message.acceptedAt ?? 0,
    );
  }
  return results;
}

/** @returns each conversation's newest message; the counter rows are now locked until the transaction ends. */
async function lockCounters(connection: Queries, batch: readonly NewMessage[]): Promise<Map<string, Counter>> {
  const ids = [...new Set(batch.map(({ logID }) => logID))];
  const { rows } = await connection.query<{
    conversation_id: string;
    max_seq: number;
    max_seq_at: number;
    last_sent_at: number;
  }>(
    `INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at)
      SELECT id, 0, 0 FROM unnest($1::text[]) AS id ORDER BY id COLLATE "C"
      ON CONFLICT (conversation_id) DO UPDATE SET max_seq = conversation_seqs.max_seq
      RETURNING conversation_id, max_seq, max_seq_at, last_sent_at`,
    [ids],
  );
  return new Map(
    rows.map((row) => [row.conversation_id, { seq: row.max_seq, sentAt: row.last_sent_at, at: row.max_seq_at }]),
  );
}

/** A conversation's newest message, its time not chosen by a back end. */
interface Counter {
  readonly seq: number;
  readonly sentAt: number;
  /** When it was accepted, Unix ms. */
  readonly at: number;
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

/**
 * By group ID, the groups of conditions, with those of the batch's senders who are in them. No query without conditions.
 * @param isNode those of audiences, too, and as of which version of their membership
 */
async function findGroups(
  connection: Queries,
  batch: readonly NewMessage[],
  isNode: boolean,
): Promise<Map<string, ConditionGroup>> {
  const groups = new Map<string, ConditionGroup>();
  const asked = batch.filter(
    (message) => message.condition !== undefined || (isNode && groupOf(message) !== undefined),
  );
  if (asked.length === 0) return groups;
  const { rows } = await connection.query<GroupRow>(isNode ? selectGroupsAsOf : selectGroups, [
    asked.map(groupOf),
    asked.map(({ sendID }) => sendID),
  ]);
  for (const { group_id: groupID, status, member_id: memberID, version_id: versionID, version } of rows) {
    const asOf = typeof versionID === 'string' ? { versionID, version: version ?? 0 } : undefined;
    const group = groups.get(groupID) ?? { isOpen: isOpenGroup(status), members: new Set<string>(), asOf };
    if (memberID !== null) group.members.add(memberID);
    groups.set(groupID, group);
  }
  return groups;
}

function groupOf({ condition, outgoing }: NewMessage): string | undefined {
  if (condition !== undefined) return condition.groupID;
  return outgoing !== undefined && 'group' in outgoing.audience ? outgoing.audience.group : undefined;
}

interface GroupRow {
  readonly group_id: string;
  readonly status: number;
  readonly member_id: string | null;
  readonly version_id?: string | null;
  readonly version?: number | null;
}

const fromGroups = `FROM unnest($1::text[], $2::text[]) AS k (group_id, user_id)
  JOIN groups AS g ON g.group_id = k.group_id
  LEFT JOIN group_members AS m ON m.group_id = k.group_id AND m.user_id = k.user_id`;

const selectGroups = `SELECT g.group_id, g.status, m.user_id AS member_id ${fromGroups}`;

const selectGroupsAsOf = `SELECT g.group_id, g.status, m.user_id AS member_id, v.version_id, v.version ${fromGroups}
  LEFT JOIN version_heads AS v ON v.kind = 'group_members' AND v.owner_id = k.group_id`;

interface ConditionGroup {
  readonly isOpen: boolean;
  readonly members: Set<string>;
  readonly asOf: GroupVersion | undefined;
}

function holds({ condition, sendID }: NewMessage, groups: ReadonlyMap<string, ConditionGroup>): boolean {
  if (condition === undefined) return true;
  const group = groups.get(condition.groupID);
  return group?.isOpen === true && (!condition.isForMembersOnly || group.members.has(sendID));
}

/** Messages, counters and senders' read positions in one statement, and what a node keeps of whom they go to. */
async function insert(
  connection: Queries,
  fresh: readonly { message: NewMessage; appended: Appended }[],
  outgoing: PostgresOutgoingStore | undefined,
): Promise<void> {
  const row = outgoing?.rowOf(fresh.flatMap(toOutgoing));
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
      )${row === undefined ? '' : `, kept AS (${keepOutgoing(13)})`}
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
      ...(row ?? []),
    ],
  );
}

function toOutgoing({ message, appended }: { message: NewMessage; appended: Appended }): OutgoingMessage[] {
  const { logID, outgoing } = message;
  if (outgoing === undefined) return [];
  const { audience, operationID, followsNotices } = outgoing;
  const { seq, asOf, followsMs } = appended;
  return [{ logID, seq, audience, operationID, asOf, followsMs, followsNotices }];
}

function identity({ sendID, clientMsgID, logID }: NewMessage): string {
  return JSON.stringify([sendID, clientMsgID, logID]);
}
