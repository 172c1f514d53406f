/** What decides about a message between two users is right at once after any change, however often it was asked before. */
import assert from 'node:assert/strict';
import type { Kysely } from 'kysely';
import type { Schema } from '../../src/database/schema.ts';
import type { SingleChatFacts } from '../../src/messaging/sending-facts.ts';
import { SqlSendingFacts } from '../../src/store/sql-sending-facts.ts';
import { testOnEveryDatabase } from './every-database.ts';

const chat = { conversation_id: 'si_a_b', conversation_type: 1, group_id: '', created_at: 1 };
const rows = [
  { ...chat, owner_user_id: 'a', user_id: 'b' },
  { ...chat, owner_user_id: 'b', user_id: 'a' },
];
const user = { nickname: '', face_url: '', ex: '', created_at: 1, app_manager_level: 0, global_recv_msg_opt: 0 };
const users = ['a', 'b'].map((user_id) => ({ ...user, user_id }));
const black = { owner_user_id: 'b', blocked_user_id: 'a', operator_user_id: 'b', ex: '', created_at: 1, position: 1 };
const friend = {
  owner_user_id: 'b',
  friend_user_id: 'a',
  remark: '',
  ex: '',
  add_source: 1,
  operator_user_id: 'b',
  created_at: 1,
  position: 1,
};

const known = {
  senderLevel: 0,
  receiverGlobalOption: 0,
  receiverOption: 0,
  senderHasRow: true,
  isBlocked: false,
  isFriend: false,
};

/** One after another. */
const changes: readonly [string, (executor: Kysely<Schema>) => Promise<unknown>, Partial<SingleChatFacts>][] = [
  ['blocked', (db) => db.insertInto('blacks').values(black).execute(), { isBlocked: true }],
  ['unblocked', (db) => db.deleteFrom('blacks').where('owner_user_id', '=', 'b').execute(), { isBlocked: false }],
  ['befriended', (db) => db.insertInto('friends').values(friend).execute(), { isFriend: true }],
  ['deleted as a friend', (db) => db.deleteFrom('friends').execute(), { isFriend: false }],
  ['muted', (db) => setRow(db, 'b', 2), { receiverOption: 2 }],
  ['refused by all', (db) => setUser(db, 'b', { global_recv_msg_opt: 1 }), { receiverGlobalOption: 1 }],
  ['raised', (db) => setUser(db, 'a', { app_manager_level: 2 }), { senderLevel: 2 }],
  ['without a row of its own', (db) => removeRow(db, 'a'), { senderHasRow: false }],
  ['without the other row', (db) => removeRow(db, 'b'), { receiverOption: undefined }],
];

testOnEveryDatabase('SendingFacts', async (t, { db }) => {
  const facts = new SqlSendingFacts(db);
  const ask = () => facts.singleChat('a', 'b', 'si_a_b');
  await db.transaction(async (tx) => {
    await db.executor(tx).insertInto('users').values(users).execute();
    await db.executor(tx).insertInto('conversations').values(rows).execute();
  });
  let expected: SingleChatFacts = known;

  for (const [name, change, changed] of changes) {
    await t.test(`M5: whoever is ${name} is so for the next message`, async () => {
      assert.deepEqual([await ask(), await ask()], [expected, expected]);
      await db.transaction((tx) => change(db.executor(tx)));
      expected = { ...expected, ...changed };
      assert.deepEqual(await ask(), expected);
    });
  }

  await t.test('what was asked while a change was not committed is not kept', async () => {
    const before = expected;
    const [begun, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const changing = db.transaction(async (tx) => {
      await db.executor(tx).insertInto('blacks').values(black).execute();
      begun.resolve();
      await asked.promise;
    });
    await begun.promise;
    const seen = await ask();
    asked.resolve();
    await changing;
    assert.deepEqual(seen, before);
    assert.equal((await ask()).isBlocked, true);
  });
});

function setRow(db: Kysely<Schema>, owner: string, recv_msg_opt: number) {
  return db.updateTable('conversations').set({ recv_msg_opt }).where('owner_user_id', '=', owner).execute();
}

function removeRow(db: Kysely<Schema>, owner: string) {
  return db.deleteFrom('conversations').where('owner_user_id', '=', owner).execute();
}

function setUser(db: Kysely<Schema>, userID: string, values: { app_manager_level?: 2; global_recv_msg_opt?: 1 }) {
  return db.updateTable('users').set(values).where('user_id', '=', userID).execute();
}
