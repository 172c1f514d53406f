/**
 * Appending a batch to SQLite: synchronous statements in one transaction, so that nothing of the process runs between a
 * seq and the commit that stores its message.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SqliteDatabase } from '../database/database.ts';
import { type MessageKeys, messageKey, type Pair } from '../database/sqlite-message-keys.ts';
import type { StatementCache } from '../database/statement-cache.ts';
import { forEachInSlices } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { type Appended, type Batch, messagesOf, type NewMessage } from '../log/message-store.ts';
import { refused, stamped } from './append-stamp.ts';
import { addDeliveriesInSqlite } from './sql-delivery-store.ts';
import { raiseSenderInSqlite } from './sql-read-position-store.ts';
import { isOpenGroup } from './sql-sending-facts.ts';

export function appendInSqlite(db: SqliteDatabase, batch: Batch): Promise<Appended[]> {
  const append = (connection: StatementCache) => {
    const storing = new Storing(connection, db.sqlite.messageKeys);
    const appended = messagesOf(batch).map((message) => storing.append(message));
    storing.end();
    return appended;
  };
  return db.sqlite.write(append, true);
}

export async function appendInSqliteWithin(
  db: SqliteDatabase,
  tx: Transaction,
  batch: readonly NewMessage[],
): Promise<Appended[]> {
  const storing = new Storing(db.sqlite.within(tx), db.sqlite.messageKeys);
  const appended: Appended[] = [];
  for (const [index, message] of batch.entries()) {
    // The transaction keeps other writers out; who only reads has a turn in between.
    if (index > 0 && index % messagesPerTurn === 0) {
      await nextTurn();
      // It may be overdue meanwhile: what is stored now would be in another one.
      db.sqlite.within(tx);
    }
    appended.push(storing.append(message));
  }
  storing.end();
  return appended;
}

const messagesPerTurn = 200;

/** One batch. */
class Storing {
  readonly #connection: StatementCache;
  readonly #keys: MessageKeys;
  readonly #counters: Counters;
  readonly #added: Pair[] = [];

  constructor(connection: StatementCache, keys: MessageKeys) {
    this.#connection = connection;
    this.#keys = keys;
    this.#counters = new Counters(connection);
  }

  append(message: NewMessage): Appended {
    const { logID, sendID, clientMsgID } = message;
    const key = messageKey(sendID, clientMsgID, logID);
    const repeat = this.#findRepeat(key, message);
    if (repeat !== undefined) return repeat;
    if (!holds(this.#connection, message)) return refused(message);
    const counter = this.#counters.of(logID);
    const seq = counter.maxSeq + 1;
    const sentAt = message.hasChosenTime ? message.sentAt : Math.max(message.sentAt, counter.lastSentAt);
    const body = stamped(message, seq, sentAt);
    this.#connection
      .prepare(insertMessage)
      .run(
        logID,
        seq,
        sendID,
        clientMsgID,
        message.serverMsgID,
        sentAt,
        message.sessionType,
        message.contentType,
        body,
      );
    const pair: Pair = [key, seq];
    this.#added.push(pair);
    this.#keys.add(pair);
    counter.count(message, seq, sentAt);
    if (message.deliveries !== undefined) {
      addDeliveriesInSqlite(this.#connection, message.deliveries({ seq, sentAt }), message.acceptedAt);
    }
    return { seq, serverMsgID: message.serverMsgID, sentAt, isDuplicate: false, isRefused: false, body };
  }

  end(): void {
    this.#counters.store();
    this.#keys.store(this.#connection, this.#added);
  }

  #findRepeat(key: number, message: NewMessage): Appended | undefined {
    const earlier = findStored(this.#connection, this.#keys, key, message);
    if (earlier === undefined) return undefined;
    return {
      seq: earlier.seq,
      serverMsgID: earlier.server_msg_id,
      sentAt: earlier.sent_at,
      isDuplicate: true,
      isRefused: false,
      body: Buffer.alloc(0),
    };
  }
}

interface StoredRow {
  readonly seq: number;
  readonly server_msg_id: string;
  readonly sent_at: number;
}

function findStored(
  connection: StatementCache,
  keys: MessageKeys,
  key: number,
  { sendID, clientMsgID, logID }: Pick<NewMessage, 'sendID' | 'clientMsgID' | 'logID'>,
): StoredRow | undefined {
  for (const seq of keys.seqsOf(connection, key)) {
    const row = connection.prepare(storedQuery).get(logID, seq, sendID, clientMsgID);
    if (row !== undefined) return row as unknown as StoredRow;
  }
  return undefined;
}

/** Where in a log somebody's messages are, as far as they are committed. */
export async function seqsSentInSqlite(
  db: SqliteDatabase,
  logID: string,
  sendID: string,
  clientMsgIDs: readonly string[],
): Promise<readonly number[]> {
  const { read, messageKeys } = db.sqlite;
  const seqs: number[] = [];
  await forEachInSlices([...new Set(clientMsgIDs)], (clientMsgID) => {
    const key = messageKey(sendID, clientMsgID, logID);
    const row = findStored(read, messageKeys, key, { sendID, clientMsgID, logID });
    if (row !== undefined) seqs.push(row.seq);
  });
  return seqs;
}

/**
 * Of the logs of one batch, each read once and written once at the end: nobody else writes meanwhile. A statement that
 * counts and returns the seq would be shorter, but RETURNING makes SQLite build a table for its one row each time.
 */
class Counters {
  readonly #connection: StatementCache;
  readonly #byLog = new Map<string, Counter>();

  constructor(connection: StatementCache) {
    this.#connection = connection;
  }

  of(logID: string): Counter {
    const known = this.#byLog.get(logID);
    if (known !== undefined) return known;
    const counter = new Counter(this.#connection.prepare(counterQuery).get(logID) as CounterRow | undefined);
    this.#byLog.set(logID, counter);
    return counter;
  }

  store(): void {
    for (const [logID, { hasNew, maxSeq, maxSeqAt, lastSentAt, readSeqs }] of this.#byLog) {
      if (!hasNew) continue;
      this.#connection.prepare(storeCounter).run(logID, maxSeq, maxSeqAt, lastSentAt);
      for (const [userID, seq] of readSeqs) this.#connection.prepare(raiseSenderInSqlite).run(userID, logID, seq);
    }
  }
}

interface CounterRow {
  readonly max_seq: number;
  readonly max_seq_at: number;
  readonly last_sent_at: number;
}

class Counter {
  hasNew = false;
  maxSeq: number;
  maxSeqAt: number;
  lastSentAt: number;
  /** By sender, up to where the log is read since it is the sender's own. */
  readonly readSeqs = new Map<string, number>();

  constructor(row: CounterRow | undefined) {
    this.maxSeq = row?.max_seq ?? 0;
    this.maxSeqAt = row?.max_seq_at ?? 0;
    this.lastSentAt = row?.last_sent_at ?? 0;
  }

  count({ sendID, acceptedAt, hasChosenTime, raisesSenderReadSeq }: NewMessage, seq: number, sentAt: number): void {
    this.hasNew = true;
    this.maxSeq = seq;
    this.maxSeqAt = Math.max(this.maxSeqAt, acceptedAt);
    if (!hasChosenTime) this.lastSentAt = sentAt;
    if (raisesSenderReadSeq) this.readSeqs.set(sendID, seq);
  }
}

function holds(connection: StatementCache, { condition, sendID }: NewMessage): boolean {
  if (condition === undefined) return true;
  const { groupID, isForMembersOnly } = condition;
  const group = connection.prepare(findGroup).get(sendID, groupID) as { status: number; is_member: number } | undefined;
  return group !== undefined && isOpenGroup(group.status) && (!isForMembersOnly || group.is_member === 1);
}

const findGroup = `SELECT status, EXISTS (SELECT 1 FROM group_members WHERE group_id = groups.group_id AND user_id = ?) AS is_member
  FROM groups WHERE group_id = ?`;

const storedQuery = `SELECT seq, server_msg_id, sent_at FROM messages
  WHERE conversation_id = ? AND seq = ? AND send_id = ? AND client_msg_id = ?`;

const counterQuery = 'SELECT max_seq, max_seq_at, last_sent_at FROM conversation_seqs WHERE conversation_id = ?';

const storeCounter = `INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at, last_sent_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (conversation_id) DO UPDATE SET max_seq = excluded.max_seq, max_seq_at = excluded.max_seq_at,
    last_sent_at = excluded.last_sent_at`;

const insertMessage = `INSERT INTO messages
  (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
