import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Database, SqliteDatabase } from '../../src/database/database.ts';
import { longestTransactionMs } from '../../src/database/sql-transaction.ts';
import { openSqlite, type SqliteOptions } from '../../src/database/sqlite-database.ts';
import { messageKey } from '../../src/database/sqlite-message-keys.ts';
import { PostgresOutgoingStore } from '../../src/store/postgres-outgoing-store.ts';
import { SqlConversationViewStore } from '../../src/store/sql-conversation-view-store.ts';
import { SqlDeletionStore } from '../../src/store/sql-deletion-store.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { SqlReadPositionStore } from '../../src/store/sql-read-position-store.ts';
import { SqlRevocationStore } from '../../src/store/sql-revocation-store.ts';
import { SqlSendingFacts } from '../../src/store/sql-sending-facts.ts';
import { copyMigratedSqlite } from '../support/migrated-databases.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { message, messageStoreSuite } from './message-store.suite.ts';

testOnEveryDatabase('MessageStore', (t, { db }) => testStoreOf(t, db));

test('MessageStore on SQLite, where keys are moved and counters forgotten after every commit', async (t) => {
  await using db = await sqliteDatabase(t, { messageKeysInMemory: 1, logCountersInMemory: 0 });
  await testStoreOf(t, db);
  assert.ok(Number(db.sqlite.read.prepare('SELECT count(*) AS keys FROM message_keys').get()?.keys) > 100);
});

test('M3: on SQLite a message is no repeat of another one whose key it shares', async (t) => {
  await using db = await sqliteDatabase(t);
  const store = new SqlMessageStore(db);
  await store.append([message({ logID: 'si_same', clientMsgID: 'a' })]);
  const key = messageKey('u1', 'b', 'si_same');
  await db.sqlite.write((connection) =>
    connection.prepare('INSERT INTO message_keys (key, seq) VALUES (?, 1), (?, 99)').run(key, key),
  );
  const sent = message({ logID: 'si_same', clientMsgID: 'b' });
  const [first, second] = await store.append([sent, sent]);
  assert.deepEqual([first?.seq, first?.isDuplicate, second?.seq, second?.isDuplicate], [2, false, 2, true]);
  assert.deepEqual(await store.seqsSent('si_same', 'u1', ['a', 'b']), [1, 2]);
});

test('M2: on SQLite a batch stores nothing more once its transaction is overdue', async (t) => {
  await using db = await sqliteDatabase(t, { onFailing: () => {} });
  const store = new SqlMessageStore(db);
  const batch = Array.from({ length: 450 }, (_, index) => message({ logID: 'si_late', clientMsgID: String(index) }));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let appending: Promise<unknown> | undefined;
  const transaction = db.transaction(async (tx) => {
    appending = store.appendWithin(tx, batch);
    t.mock.timers.tick(longestTransactionMs);
    await appending;
  });
  await assert.rejects(transaction, /was undone/);
  await assert.rejects(async () => appending, { message: 'this transaction is over' });
  const [appended] = await store.append(batch);
  assert.deepEqual([appended?.seq, appended?.isDuplicate], [1, false]);
});

test('M2: seqs that are undone by themselves, beside others of their commit, are given again', async (t) => {
  await using db = await sqliteDatabase(t);
  const store = new SqlMessageStore(db);
  const append = (clientMsgID: string, outcome?: Error) =>
    db.transaction(async (tx) => {
      const [appended] = await store.appendWithin(tx, [message({ logID: 'si_undone', clientMsgID })]);
      if (outcome !== undefined) throw outcome;
      return appended?.seq;
    });
  const outcomes = await Promise.allSettled([append('1'), append('2', new Error('no')), append('3')]);
  const seqs = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
  assert.deepEqual(seqs, [1, undefined, 2]);
  await assert.rejects(append('4', new Error('no')));
  assert.equal(await append('5'), 3);
});

async function sqliteDatabase(t: TestContext, options: Partial<SqliteOptions> = {}): Promise<SqliteDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-message-store-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'data.sqlite');
  await copyMigratedSqlite(path);
  return openSqlite(path, { onEffectFailure: fail, onFailing: fail, onRecovered: () => {}, ...options });
}

function testStoreOf(t: TestContext, db: Database): Promise<void> {
  return messageStoreSuite(t, {
    // As a node does it, where there are any.
    store: new SqlMessageStore(db, db.dialect === 'postgres' ? new PostgresOutgoingStore(db, 'node') : undefined),
    revocations: new SqlRevocationStore(db),
    deletions: new SqlDeletionStore(db),
    views: new SqlConversationViewStore(db),
    positions: new SqlReadPositionStore(db),
    facts: new SqlSendingFacts(db),
    work: db,
    addRow: async ({ owner, conversationID, peer, recvMsgOpt = 0, minSeq = 0, maxSeq = 0 }) => {
      await db.transaction((tx) =>
        db
          .executor(tx)
          .insertInto('conversations')
          .values({
            owner_user_id: owner,
            conversation_id: conversationID,
            conversation_type: 1,
            user_id: peer,
            group_id: '',
            recv_msg_opt: recvMsgOpt,
            min_seq: minSeq,
            max_seq: maxSeq,
            created_at: 1,
          })
          .execute(),
      );
    },
    addGroup: async ({ groupID, status, memberIDs }) => {
      await db.transaction(async (tx) => {
        const groups = db.executor(tx).insertInto('groups');
        await groups.values({ ...group, group_id: groupID, status }).execute();
        const members = memberIDs.map((user_id) => ({ ...member, group_id: groupID, user_id }));
        await db.executor(tx).insertInto('group_members').values(members).execute();
      });
    },
    addUser: async ({ userID, level = 0, globalRecvMsgOpt = 0 }) => {
      await db.transaction((tx) =>
        db
          .executor(tx)
          .insertInto('users')
          .values({
            user_id: userID,
            nickname: userID,
            face_url: '',
            ex: '',
            created_at: 1,
            app_manager_level: level,
            global_recv_msg_opt: globalRecvMsgOpt,
          })
          .execute(),
      );
    },
  });
}

function fail(error: unknown): void {
  throw error;
}

const group = {
  name: '',
  notification: '',
  introduction: '',
  face_url: '',
  ex: '',
  created_at: 1,
  creator_user_id: '',
  group_type: 2,
  need_verification: 0,
  look_member_info: 0,
  apply_member_friend: 0,
  notification_updated_at: 0,
  notification_user_id: '',
  owner_user_id: '',
  member_count: 1,
};

const member = { role_level: 20, joined_at: 1, join_source: 3, operator_user_id: '', inviter_user_id: '' };
