/** Transactions that touch the same rows take their locks in one order, so that none waits for one that waits for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { openPostgres } from '../../src/database/postgres-database.ts';
import type { NewMessage } from '../../src/log/message-store.ts';
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { postgresUrlForSuite } from '../support/test-services.ts';

test('M2: an append locks its conversations in the order of their IDs, whatever that of its messages', async (t) => {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return;
  const db = await openPostgres(url, quiet);
  const [holder, observer] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })];
  await Promise.all([holder.connect(), observer.connect()]);
  t.after(async () => {
    await Promise.all([holder.end(), observer.end()]);
    await db[Symbol.asyncDispose]();
  });
  const store = new SqlMessageStore(db);
  // Upper case, accents and length: the order is the bytes' own, in the database and here.
  const ids = ['si_A', 'si_B', 'si_a', 'si_a_b', 'si_é'];
  await store.append(ids.map((id) => message(id, 'first')));

  for (const [index, held] of ids.entries()) {
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM conversation_seqs WHERE conversation_id = $1 FOR UPDATE', [held]);
    const appending = store.append(ids.toReversed().map((id) => message(id, `beyond ${held}`)));
    await someoneWaits(observer);
    const isFree = await Promise.all(ids.map((id) => canLock(observer, id)));
    await holder.query('ROLLBACK');
    await appending;
    assert.deepEqual(
      isFree,
      ids.map((_, position) => position > index),
      `while ${held} is held, those before it are locked and those behind it are not`,
    );
  }
});

async function someoneWaits(observer: pg.Client): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  while ((await observer.query(waiting)).rowCount === 0) signal.throwIfAborted();
}

async function canLock(observer: pg.Client, id: string): Promise<boolean> {
  const lock = 'SELECT 1 FROM conversation_seqs WHERE conversation_id = $1 FOR UPDATE SKIP LOCKED';
  return (await observer.query(lock, [id])).rowCount === 1;
}

function message(logID: string, clientMsgID: string): NewMessage {
  const sendID = 'u1';
  return {
    logID,
    sendID,
    clientMsgID,
    serverMsgID: clientMsgID,
    sentAt: 1,
    hasChosenTime: true,
    acceptedAt: 1,
    sessionType: 1,
    contentType: 101,
    raisesSenderReadSeq: true,
    bodyWithoutSeq: MsgData.encode(newMsgData({ sendID, clientMsgID })).finish(),
  };
}

const quiet = { onEffectFailure: () => {}, onConnectionLost: () => {}, onFailing: () => {}, onRecovered: () => {} };
