/**
 * Appending a batch to SQLite: synchronous statements in one transaction, so that nothing of the process runs between a
 * seq and the commit that stores its message.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SqliteDatabase } from '../database/database.ts';
import type { SqliteHandle } from '../database/sqlite-database.ts';
import type { LogCounter, LogCounters } from '../database/sqlite-log-counters.ts';
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
    const storing = new Storing(connection, db.sqlite);
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
  const storing = new Storing(db.sqlite.within(tx), db.sqlite);
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
  readonly #counters: LogCounters;
  readonly #added: Pair[] = [];
  /** Of each log that has new messages, what its last sender has read. */
  readonly #last = new Map<LogCounter, ReadPosition | undefined>();
  /** In order: a later one of the same log and sender counts. */
  readonly #readPositions: ReadPosition[] = [];

  constructor(connection: StatementCache, { messageKeys, logCounters }: SqliteHandle) {
    this.#connection = connection;
    this.#keys = messageKeys;
    this.#counters = logCounters;
  }

  append(message: NewMessage): Appended {
    const { logID, sendID, clientMsgID } = message;
    const key = messageKey(sendID, clientMsgID, logID);
    const repeat = this.#findRepeat(key, message);
    if (repeat !== undefined) return repeat;
    if (!holds(this.#connection, message)) return refused(message);
    const counter = this.#counters.of(this.#connection, logID);
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
    this.#count(counter, message, seq, sentAt);
    if (message.deliveries !== undefined) {
      addDeliveriesInSqlite(this.#connection, message.deliveries({ seq, sentAt }), message.acceptedAt);
    }
    return { seq, serverMsgID: message.serverMsgID, sentAt, isDuplicate: false, isRefused: false, body };
  }

  /**
   * Each log is counted once, here: a statement that counts and returns the seq would be shorter, but RETURNING makes SQLite
   * build a table for its one row each time.
   */
  end(): void {
    for (const counter of this.#last.keys()) this.#counters.store(this.#connection, counter);
    const raise = this.#connection.prepare(raiseSenderInSqlite);
    for (const { sendID, logID, seq } of this.#readPositions) raise.run(sendID, logID, seq);
    this.#keys.store(this.#connection, this.#added);
  }

  #count(counter: LogCounter, message: NewMessage, seq: number, sentAt: number): void {
    const { logID, sendID, acceptedAt, hasChosenTime, raisesSenderReadSeq } = message;
    counter.maxSeq = seq;
    counter.maxSeqAt = Math.max(counter.maxSeqAt, acceptedAt);
    if (!hasChosenTime) counter.lastSentAt = sentAt;
    let last = this.#last.get(counter);
    if (raisesSenderReadSeq) {
      if (last?.sendID !== sendID) {
        last = { logID, sendID, seq };
        this.#readPositions.push(last);
      } else last.seq = seq;
    }
    this.#last.set(counter, last);
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

/** Up to where the log is read since it is the sender's own. */
interface ReadPosition {
  readonly logID: string;
  readonly sendID: string;
  seq: number;
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

const insertMessage = `INSERT INTO messages
  (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
