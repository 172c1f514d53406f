/**
 * Appending a batch to PostgreSQL in two round trips, whatever its size. The conversations' counter rows are locked first,
 * in order of their IDs: from then on no other node can give out a seq or store a repeat in them.
 */
import { CompiledQuery } from 'kysely';
import type { BriefWork, PostgresDatabase } from '../database/database.ts';
import type { Statement } from '../database/postgres-connections.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { GroupVersion } from '../log/delivery.ts';
import type { Appended, NewMessage } from '../log/message-store.ts';
import type { OutgoingMessage } from '../log/outgoing-store.ts';
import { refused, stamped } from './append-stamp.ts';
import { keepOutgoing, type PostgresOutgoingStore } from './postgres-outgoing-store.ts';
import { deliveriesInPostgres } from './sql-delivery-store.ts';
import { raiseSendersInPostgres } from './sql-read-position-store.ts';
import { isOpenGroup } from './sql-sending-facts.ts';

/** @param outgoing of a node, which keeps beside its messages to whom they go */
export function appendInPostgres(
  db: PostgresDatabase,
  batch: readonly NewMessage[],
  outgoing?: PostgresOutgoingStore,
): Promise<Appended[]> {
  return db.write(appending(batch, outgoing));
}

/** In a transaction under way, which has Kysely's executor and not a connection. */
export async function appendInPostgresWithin(
  db: PostgresDatabase,
  tx: Transaction,
  batch: readonly NewMessage[],
  outgoing?: PostgresOutgoingStore,
): Promise<Appended[]> {
  const executor = db.executor(tx);
  const ask = async ({ text, values }: Statement) =>
    (await executor.executeQuery<object>(CompiledQuery.raw(text, [...values]))).rows;
  const { first, decide } = appending(batch, outgoing);
  const found: (readonly object[])[] = [];
  for (const statement of first) found.push(await ask(statement));
  const { result, last } = decide(found);
  for (const statement of last) await ask(statement);
  return result;
}

function appending(batch: readonly NewMessage[], outgoing: PostgresOutgoingStore | undefined): BriefWork<Appended[]> {
  const isNode = outgoing !== undefined;
  const inGroups = batch.filter(
    (message) => message.condition !== undefined || (isNode && groupOf(message) !== undefined),
  );
  const first = [lockCounters(batch), findRepeats(batch)];
  if (inGroups.length > 0) first.push(findGroups(inGroups, isNode));
  return {
    first,
    decide: ([counters = [], repeats = [], groups = []]) =>
      append(batch, toCounters(counters), toRepeats(repeats), toGroups(groups), outgoing),
  };
}

function append(
  batch: readonly NewMessage[],
  counters: Map<string, Counter>,
  known: Map<string, Appended>,
  groups: ReadonlyMap<string, ConditionGroup>,
  outgoing: PostgresOutgoingStore | undefined,
): { readonly result: Appended[]; readonly last: readonly Statement[] } {
  const fresh: { message: NewMessage; appended: Appended }[] = [];
  const result = batch.map((message) => {
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
  const last: Statement[] = fresh.length === 0 ? [] : [insert(fresh, outgoing)];
  const told = fresh.flatMap(({ message, appended }) => message.deliveries?.(appended) ?? []);
  if (told.length > 0) last.push(...deliveriesInPostgres(told, fresh[0]?.message.acceptedAt ?? 0));
  return { result, last };
}

/** Tells each conversation's newest message; the counter rows are locked then until the transaction ends. */
function lockCounters(batch: readonly NewMessage[]): Statement {
  const ids = [...new Set(batch.map(({ logID }) => logID))];
  return {
    name: 'append-lock',
    text: `INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at)
      SELECT id, 0, 0 FROM unnest($1::text[]) AS id ORDER BY id COLLATE "C"
      ON CONFLICT (conversation_id) DO UPDATE SET max_seq = conversation_seqs.max_seq
      RETURNING conversation_id, max_seq, max_seq_at, last_sent_at`,
    values: [ids],
  };
}

interface CounterRow {
  readonly conversation_id: string;
  readonly max_seq: number;
  readonly max_seq_at: number;
  readonly last_sent_at: number;
}

function toCounters(rows: readonly object[]): Map<string, Counter> {
  return new Map(
    (rows as readonly CounterRow[]).map((row) => [
      row.conversation_id,
      { seq: row.max_seq, sentAt: row.last_sent_at, at: row.max_seq_at },
    ]),
  );
}

/** A conversation's newest message, its time not chosen by a back end. */
interface Counter {
  readonly seq: number;
  readonly sentAt: number;
  /** When it was accepted, Unix ms. */
  readonly at: number;
}

function findRepeats(batch: readonly NewMessage[]): Statement {
  return {
    // One by one: joined with a large batch, a table that is not large is read whole instead.
    text: `SELECT k.send_id, k.client_msg_id, k.conversation_id, m.seq, m.server_msg_id, m.sent_at
      FROM unnest($1::text[], $2::text[], $3::text[]) AS k (send_id, client_msg_id, conversation_id), LATERAL (
        SELECT seq, server_msg_id, sent_at FROM messages
        WHERE send_id = k.send_id AND client_msg_id = k.client_msg_id AND conversation_id = k.conversation_id LIMIT 1) AS m`,
    values: [
      batch.map(({ sendID }) => sendID),
      batch.map(({ clientMsgID }) => clientMsgID),
      batch.map(({ logID }) => logID),
    ],
  };
}

interface RepeatRow {
  readonly send_id: string;
  readonly client_msg_id: string;
  readonly conversation_id: string;
  readonly seq: number;
  readonly server_msg_id: string;
  readonly sent_at: number;
}

function toRepeats(rows: readonly object[]): Map<string, Appended> {
  return new Map(
    (rows as readonly RepeatRow[]).map((row) => [
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
 * The groups of conditions, with those of the batch's senders who are in them.
 * @param isNode those of audiences, too, and as of which version of their membership
 */
function findGroups(inGroups: readonly NewMessage[], isNode: boolean): Statement {
  return {
    text: isNode ? selectGroupsAsOf : selectGroups,
    values: [inGroups.map(groupOf), inGroups.map(({ sendID }) => sendID)],
  };
}

function toGroups(rows: readonly object[]): Map<string, ConditionGroup> {
  const groups = new Map<string, ConditionGroup>();
  for (const row of rows as readonly GroupRow[]) {
    const { group_id: groupID, status, member_id: memberID, version_id: versionID, version } = row;
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

const groupColumns = `g.group_id, g.status,
  (SELECT user_id FROM group_members WHERE group_id = k.group_id AND user_id = k.user_id) AS member_id`;

const fromGroups = `FROM unnest($1::text[], $2::text[]) AS k (group_id, user_id),
  LATERAL (SELECT group_id, status FROM groups WHERE group_id = k.group_id LIMIT 1) AS g`;

const selectGroups = `SELECT ${groupColumns} ${fromGroups}`;

const selectGroupsAsOf = `SELECT ${groupColumns}, v.version_id, v.version ${fromGroups}
  LEFT JOIN LATERAL (SELECT version_id, version FROM version_heads
    WHERE kind = 'group_members' AND owner_id = k.group_id LIMIT 1) AS v ON true`;

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
function insert(
  fresh: readonly { message: NewMessage; appended: Appended }[],
  outgoing: PostgresOutgoingStore | undefined,
): Statement {
  const row = outgoing?.rowOf(fresh.flatMap(toOutgoing));
  const column = <T>(pick: (entry: (typeof fresh)[number]) => T): T[] => fresh.map(pick);
  return {
    name: row === undefined ? 'append' : 'append-kept',
    text: `WITH fresh AS (
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::int[], $8::int[], $9::bytea[], $10::bool[], $11::bigint[], $12::bool[])
          AS f (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body, raises, accepted_at, chosen)
      ), stored AS (
        INSERT INTO messages (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body)
        SELECT conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body FROM fresh
      ), counted AS (
        INSERT INTO conversation_seqs AS c (conversation_id, max_seq, max_seq_at, last_sent_at)
        SELECT conversation_id, max(seq), max(accepted_at), COALESCE(max(sent_at) FILTER (WHERE NOT chosen), 0) FROM fresh GROUP BY conversation_id
        ON CONFLICT (conversation_id) DO UPDATE SET max_seq = excluded.max_seq,
          max_seq_at = GREATEST(c.max_seq_at, excluded.max_seq_at), last_sent_at = GREATEST(c.last_sent_at, excluded.last_sent_at)
      )${row === undefined ? '' : `, kept AS (${keepOutgoing(13)})`}
      ${raiseSendersInPostgres}`,
    values: [
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
  };
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
