/** Conversation rows and their owners' version logs, which have to agree on every database. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { ConversationRows } from '../../src/conversations/conversation-rows.ts';
import type { Database } from '../../src/database/database.ts';
import { SqlConversationStore } from '../../src/store/sql-conversation-store.ts';
import { SqlConversationViewStore } from '../../src/store/sql-conversation-view-store.ts';
import { SqlVersionLogStore } from '../../src/store/sql-version-log-store.ts';
import { VersionLog } from '../../src/sync/version-log.ts';
import { type Databases, testOnEveryDatabase } from './every-database.ts';
import { callBy } from './support/group-domain.ts';

testOnEveryDatabase('ConversationRows', conversationRowsSuite);

async function conversationRowsSuite(t: TestContext, { db, peer }: Databases) {
  const node = await rowsOn(db);
  const peerNode = await rowsOn(peer);
  const since = (ownerID: string, version: number) =>
    node.versionLog
      .head('conversations', ownerID)
      .then(({ versionID }) => node.versionLog.changesSince('conversations', ownerID, { versionID, version }));

  await t.test('a single chat gives each side its row, and each log an insert', async () => {
    await node.rows.ensureSingleChat(callBy('a'), 'si_a_b', 'a', 'b');
    assert.equal((await node.store.find('a', 'si_a_b'))?.userID, 'b');
    assert.equal((await node.store.find('b', 'si_a_b'))?.userID, 'a');
    for (const owner of ['a', 'b']) assert.deepEqual((await since(owner, 1)).inserted, ['si_a_b']);
  });

  await t.test('a chat with oneself is one row and one insert', async () => {
    await node.rows.ensureSingleChat(callBy('a'), 'si_solo_solo', 'solo', 'solo');
    assert.deepEqual(await node.store.ids('solo'), ['si_solo_solo']);
    assert.equal((await since('solo', 1)).version, 2);
  });

  await t.test('what exists is neither changed nor logged again, and only what is new is reported', async () => {
    const before = await since('a', 1);
    const existing = { ownerUserID: 'a', conversationID: 'si_a_b', conversationType: 1, userID: 'b', groupID: '' };
    const fresh = { ...existing, ownerUserID: 'c' };
    assert.deepEqual(await node.rows.ensure([existing, fresh]), [fresh]);
    assert.deepEqual(await since('a', 1), before);
    assert.deepEqual((await since('c', 1)).inserted, ['si_a_b']);
  });

  await t.test(
    'M5: two pairs of users that spell a conversation ID alike each have it, and a log of their own',
    async () => {
      await node.rows.ensureSingleChat(callBy('a'), 'si_x_y_z', 'x', 'y_z');
      await node.rows.ensureSingleChat(callBy('a'), 'si_x_y_z', 'x_y', 'z');
      await node.rows.ensureSingleChat(callBy('a'), 'si_x_y_z', 'y_z', 'x');
      const views = new SqlConversationViewStore(db);
      const logs = ['x', 'y_z', 'x_y', 'z'].map(async (owner) => (await views.views(owner)).map(({ logID }) => logID));
      assert.deepEqual((await Promise.all(logs)).flat(), ['si/x/y_z', 'si/x/y_z', 'si/x_y/z', 'si/x_y/z']);
      assert.deepEqual((await since('z', 1)).inserted, ['si_x_y_z']);
    },
  );

  await t.test('a user in both pairs, whose clients could not tell them apart, keeps the first', async () => {
    await node.rows.ensureSingleChat(callBy('a'), 'si_q_r_q_r_q', 'q_r', 'q_r_q');
    await assert.rejects(node.rows.ensureSingleChat(callBy('a'), 'si_q_r_q_r_q', 'q_r_q', 'r_q'), { code: 1001 });
    assert.equal(await node.store.find('r_q', 'si_q_r_q_r_q'), undefined);
    assert.equal((await since('r_q', 1)).version, 1);
  });

  await t.test('who joins a group has its conversation without bounds, and one step in the log', async () => {
    const touched = await db.transaction((tx) => node.rows.openGroupChat(tx, 'g1', ['m1', 'm2']));
    assert.deepEqual(touched, ['m1', 'm2']);
    const row = await node.store.find('m1', 'sg_g1');
    assert.deepEqual([row?.conversationType, row?.groupID, row?.minSeq, row?.maxSeq], [3, 'g1', 0, 0]);
    const { version, inserted } = await since('m1', 1);
    assert.deepEqual([version, inserted], [2, ['sg_g1']]);
  });

  await t.test('F3 who is not to read what was before begins with the seq given, in one step too', async () => {
    await db.transaction((tx) => node.rows.openGroupChat(tx, 'g1', ['late'], { fromSeq: 8 }));
    assert.equal((await node.store.find('late', 'sg_g1'))?.minSeq, 8);
    const { version, inserted } = await since('late', 1);
    assert.deepEqual([version, inserted], [2, ['sg_g1']]);
  });

  await t.test('who leaves keeps what there was, and loses the bound on coming back', async () => {
    const leave = () => db.transaction((tx) => node.rows.closeGroupChat(tx, 'g1', ['m2', 'stranger'], 5));
    assert.deepEqual(await leave(), ['m2']);
    assert.deepEqual(await leave(), [], 'nothing changes twice');
    assert.equal((await node.store.find('m2', 'sg_g1'))?.maxSeq, 5);
    assert.deepEqual(await db.transaction((tx) => node.rows.openGroupChat(tx, 'g1', ['m1', 'm2'])), ['m2']);
    assert.equal((await node.store.find('m2', 'sg_g1'))?.maxSeq, 0);
    const { version, updated } = await since('m2', 2);
    assert.deepEqual([version, updated], [4, ['sg_g1']]);
    assert.equal((await since('m1', 1)).version, 2);
  });

  await t.test('rows created at once on two nodes are logged once', async () => {
    const peers = Array.from({ length: 20 }, (_, index) => `peer${index}`);
    await Promise.all(
      [...peers, ...peers].map((other, index) =>
        (index % 2 === 0 ? node : peerNode).rows.ensureSingleChat(callBy('a'), `si_busy_${other}`, 'busy', other),
      ),
    );
    const changes = await since('busy', 1);
    assert.equal(changes.version, 1 + peers.length);
    assert.deepEqual([...changes.inserted].sort(), peers.map((other) => `si_busy_${other}`).sort());
    assert.equal((await since('peer0', 1)).version, 2);
  });
}

async function rowsOn(db: Database) {
  const store = new SqlConversationStore(db);
  const versionLog = new VersionLog(await SqlVersionLogStore.open(db, () => 'epoch'));
  return {
    store,
    versionLog,
    rows: new ConversationRows({ store, versionLog, unitOfWork: db, maxTextBytes: 8192, now: () => 1000 }),
  };
}
