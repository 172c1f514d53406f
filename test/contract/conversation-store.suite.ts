/** What every ConversationStore does, as the conversations domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Conversation, ConversationChanges, NewConversation } from '../../src/conversations/conversation.ts';
import type { ConversationStore } from '../../src/conversations/conversation-store.ts';
import type { GroupCallStore } from '../../src/conversations/group-calls.ts';
import type { ConversationViewStore } from '../../src/conversations/view-store.ts';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';

export interface ConversationStoreNode {
  readonly store: ConversationStore;
  readonly unitOfWork: UnitOfWork;
  readonly views: ConversationViewStore;
  readonly calls: GroupCallStore;
}

export interface ConversationStoreHarness {
  readonly node: ConversationStoreNode;
  readonly peer: ConversationStoreNode;
  /** A log gets messages, up to this seq. */
  fillLog(logID: string, newestSeq: number): Promise<void>;
}

export async function conversationStoreSuite(t: TestContext, { node, peer, fillLog }: ConversationStoreHarness) {
  const { store } = node;
  const create = (rows: readonly NewConversation[], createdAt = 1000, on = node) =>
    on.unitOfWork.transaction((tx) => on.store.createMissing(tx, rows, createdAt));
  const update = (conversationID: string, owners: readonly string[], changes: ConversationChanges) =>
    node.unitOfWork.transaction((tx) => store.update(tx, conversationID, owners, changes));

  await t.test('a new row has the given names and no settings', async () => {
    const row = newRow('new', 'si_new_b', { userID: 'b' });
    assert.deepEqual(await create([row]), [row]);
    assert.deepEqual(await store.find('new', 'si_new_b'), withDefaults(row));
  });

  await t.test('find keeps owners and conversations apart', async () => {
    await create([newRow('apart', 'si_apart_b')]);
    assert.equal(await store.find('b', 'si_apart_b'), undefined);
    assert.equal(await store.find('apart', 'si_apart_c'), undefined);
  });

  await t.test('createMissing leaves existing rows and their settings, and tells which are new', async () => {
    const old = newRow('keep', 'si_keep_b');
    const fresh = newRow('keep', 'si_keep_c');
    await create([old]);
    await update('si_keep_b', ['keep'], { recvMsgOpt: 2, isPinned: true });
    assert.deepEqual(await create([old, fresh, fresh]), [fresh]);
    assert.deepEqual(await store.find('keep', 'si_keep_b'), { ...withDefaults(old), recvMsgOpt: 2, isPinned: true });
  });

  await t.test('peersOf tells with whom each talks, in the order asked, as of the transaction', async () => {
    const many = Array.from({ length: 700 }, (_, index) => ({ ownerUserID: `peer${index}`, conversationID: 'none' }));
    const peers = await node.unitOfWork.transaction(async (tx) => {
      await store.createMissing(tx, [newRow('peer1', 'si_a'), newRow('peer1', 'si_b'), newRow('peer2', 'si_a')], 1000);
      return store.peersOf(tx, [
        { ownerUserID: 'peer2', conversationID: 'si_a' },
        { ownerUserID: 'peer2', conversationID: 'si_b' },
        ...many,
        { ownerUserID: 'peer1', conversationID: 'si_b' },
      ]);
    });
    const peer = newRow('peer1', 'si_a').userID;
    assert.deepEqual([peers[0], peers[1], peers.at(-1), peers.length], [peer, undefined, peer, 703]);
    assert.ok(peers.slice(1, -1).every((found) => found === undefined));
  });

  await t.test('createMissing belongs to its transaction: nothing stays when it fails', async () => {
    const failure = new Error('no');
    const attempt = node.unitOfWork.transaction(async (tx) => {
      await store.createMissing(tx, [newRow('undone', 'c')], 1000);
      throw failure;
    });
    await assert.rejects(attempt, failure);
    assert.deepEqual(await store.ids('undone'), []);
  });

  await t.test('of concurrent creations of one row on two nodes exactly one reports it', async () => {
    const rows = Array.from({ length: 30 }, (_, index) => newRow(`racer${index}`, 'sg_1'));
    const results = await Promise.all([
      create(rows),
      create(rows.toReversed(), 1000, peer),
      ...rows.map((row) => create([row])),
      ...rows.map((row) => create([row], 1000, peer)),
    ]);
    const owners = results.flat().map(({ ownerUserID }) => ownerUserID);
    assert.deepEqual(owners.sort(), rows.map(({ ownerUserID }) => ownerUserID).sort());
  });

  await t.test('creates the rows of a large group at once', async () => {
    const rows = Array.from({ length: 1500 }, (_, index) => newRow(`member${index}`, 'sg_large', { groupID: 'large' }));
    assert.equal((await create(rows)).length, 1500);
    assert.equal((await store.find('member1499', 'sg_large'))?.groupID, 'large');
  });

  await t.test('lists and IDs are in order of creation, then of bytes', async () => {
    await create([newRow('ordered', 'si_b'), newRow('ordered', 'si_Z'), newRow('ordered', 'si_ä')], 2000);
    await create([newRow('ordered', 'si_a')], 3000);
    await create([newRow('ordered', 'si_z')], 1000);
    const expected = ['si_z', 'si_Z', 'si_b', 'si_ä', 'si_a'];
    assert.deepEqual(await store.ids('ordered'), expected);
    const rows = await store.listByOwner('ordered', 0, Number.MAX_SAFE_INTEGER);
    assert.deepEqual(idsOf(rows), expected);
  });

  await t.test('pages of a list follow one another and end', async () => {
    assert.deepEqual(idsOf(await store.listByOwner('ordered', 0, 2)), ['si_z', 'si_Z']);
    assert.deepEqual(idsOf(await store.listByOwner('ordered', 4, 2)), ['si_a']);
    assert.deepEqual(idsOf(await store.listByOwner('ordered', 6, 2)), []);
    const farAway = (2 ** 31 - 2) * (2 ** 31 - 1);
    assert.deepEqual(idsOf(await store.listByOwner('ordered', farAway, 2 ** 31 - 1)), []);
  });

  await t.test('counts what an owner has', async () => {
    assert.equal(await store.count('ordered'), 5);
    assert.equal(await store.count('nobody'), 0);
  });

  await t.test('O1 a list of any length is whole and in order, and lets others in between', async () => {
    const length = 1700;
    const expected = Array.from({ length }, (_, index) => `si_${String(index).padStart(4, '0')}`);
    await create(
      expected.slice(0, 900).map((id) => newRow('busy', id)),
      2000,
    );
    await create(
      expected.slice(900).map((id) => newRow('busy', id)),
      1000,
    );
    const inOrder = [...expected.slice(900), ...expected.slice(0, 900)];
    for (const list of [
      async () => idsOf(await store.listByOwner('busy', 0, Number.MAX_SAFE_INTEGER)),
      () => store.ids('busy'),
    ]) {
      let turns = 0;
      const count = () => {
        turns++;
        again = setImmediate(count);
      };
      let again = setImmediate(count);
      assert.deepEqual(await list(), inOrder);
      clearImmediate(again);
      assert.ok(turns >= 3, `${turns} turns`);
    }
    assert.deepEqual(idsOf(await store.listByOwner('busy', 600, 1000)), inOrder.slice(600, 1600));
    assert.equal(await store.count('busy'), length);
  });

  await t.test('findMany gives those that the owner has', async () => {
    const found = await store.findMany('ordered', ['si_a', 'nothing', 'si_b', 'si_a', 'si_keep_b']);
    assert.deepEqual(idsOf(found).sort(), ['si_a', 'si_b']);
    assert.deepEqual(await store.findMany('ordered', []), []);
  });

  await t.test('update sets what is given, of the owners named, and tells whose row has changed', async () => {
    const rows = ['set1', 'set2', 'set3'].map((owner) => newRow(owner, 'sg_set', { groupID: 'set' }));
    await create(rows);
    const settings = {
      recvMsgOpt: 1,
      isPinned: true,
      isPrivateChat: true,
      burnDurationSeconds: 2,
      groupAtType: 3,
      attachedInfo: 'a',
      ex: 'e',
      msgDestructSeconds: 4,
      isMsgDestruct: true,
    };
    assert.deepEqual(await update('sg_set', ['set1', 'set2', 'stranger'], { isPinned: true }), ['set1', 'set2']);
    assert.deepEqual(await update('sg_set', ['set1', 'set3'], { isPinned: true, ex: '' }), ['set3']);
    assert.deepEqual(await update('sg_set', ['set1'], {}), []);
    assert.deepEqual(await update('sg_set', ['set1'], settings), ['set1']);
    assert.deepEqual(await update('sg_set', ['set1'], settings), []);
    assert.deepEqual(
      await Promise.all(rows.map(({ ownerUserID }) => store.find(ownerUserID, 'sg_set'))),
      rows.map((row, index) => ({ ...withDefaults(row), isPinned: true, ...(index === 0 ? settings : {}) })),
    );
  });

  await t.test('a deleted row is there for nobody, without settings, until its log goes on', async () => {
    const row = newRow('del', 'si_del_b', { userID: 'b' });
    await create([row, newRow('del', 'si_del_c')]);
    await fillLog('si_del_b', 3);
    await update('si_del_b', ['del'], { isPinned: true, recvMsgOpt: 2 });
    const remove = (...ids: string[]) => node.unitOfWork.transaction((tx) => store.delete(tx, 'del', ids));
    const restore = () => node.unitOfWork.transaction((tx) => store.restoreReborn(tx, 'del'));
    const seen = async () => ({
      found: (await store.find('del', 'si_del_b'))?.conversationID,
      foundMany: idsOf(await store.findMany('del', ['si_del_b'])),
      ids: await store.ids('del'),
      page: idsOf(await store.listByOwner('del', 0, 9)),
      count: await store.count('del'),
      views: (await node.views.views('del')).map(({ conversationID }) => conversationID).sort(),
    });
    const whole = ['si_del_b', 'si_del_c'];
    const there = { found: 'si_del_b', foundMany: ['si_del_b'], ids: whole, page: whole, count: 2, views: whole };
    const rest = ['si_del_c'];
    const gone = { found: undefined, foundMany: [], ids: rest, page: rest, count: 1, views: rest };

    assert.deepEqual(await seen(), there);
    assert.deepEqual(await remove('si_del_b', 'si_nothing'), ['si_del_b']);
    assert.deepEqual(await remove('si_del_b'), []);
    assert.deepEqual(await seen(), gone);
    assert.deepEqual([await store.hasReborn('del'), await restore()], [false, []]);
    await fillLog('si_del_b', 4);
    assert.deepEqual(await seen(), there);
    assert.deepEqual(await store.find('del', 'si_del_b'), withDefaults(row));
    assert.deepEqual([await store.hasReborn('del'), await restore()], [true, ['si_del_b']]);
    assert.deepEqual([await store.hasReborn('del'), await restore()], [false, []]);
    assert.deepEqual(await seen(), there);
  });

  await t.test('a deleted row comes back when it is created, with its window, and is told as new', async () => {
    const row = newRow('back', 'sg_back', { groupID: 'back' });
    await create([row]);
    const window = (ends: { minSeq?: number; maxSeq?: number }) =>
      node.unitOfWork.transaction((tx) => store.setWindow(tx, 'sg_back', ['back'], ends));
    await window({ minSeq: 2, maxSeq: 5 });
    await node.unitOfWork.transaction((tx) => store.delete(tx, 'back', ['sg_back']));
    await fillLog('sg_back', 9);
    assert.equal(await store.hasReborn('back'), true, 'of an empty log');
    await node.unitOfWork.transaction((tx) => store.delete(tx, 'back', ['sg_back']));
    await fillLog('sg_back', 12);
    assert.equal(await store.hasReborn('back'), false, 'what its owner may not read brings nothing back');
    assert.deepEqual(await window({ maxSeq: 6 }), [], 'nobody is told of a row that is not there');
    const others = await create([{ ...row, userID: 'another' }]);
    assert.deepEqual([others, await store.ids('back')], [[], []]);
    assert.deepEqual(await create([row]), [row]);
    assert.deepEqual(await store.find('back', 'sg_back'), { ...withDefaults(row), minSeq: 2, maxSeq: 6 });
  });

  await t.test('moves the lower ends of windows up, never down, of many rows at once', async () => {
    await create([newRow('low', 'si_1'), newRow('low', 'si_2'), newRow('other', 'si_1')]);
    const raise = (...minSeqs: [string, number][]) =>
      node.unitOfWork.transaction((tx) => store.raiseMinSeqs(tx, 'low', new Map(minSeqs)));
    assert.deepEqual([...(await raise(['si_1', 5], ['si_2', 7], ['si_3', 9]))].sort(), ['si_1', 'si_2']);
    assert.deepEqual(await raise(['si_1', 4], ['si_2', 8]), ['si_2']);
    const minSeqs = async (owner: string) =>
      (await store.findMany(owner, ['si_1', 'si_2'])).map(({ minSeq }) => minSeq);
    assert.deepEqual([(await minSeqs('low')).sort(), await minSeqs('other')], [[5, 8], [0]]);
  });

  await t.test('finds who has conversations with a user, in pages, and sets their text', async () => {
    const owners = ['with1', 'with2', 'with3'];
    await create([
      ...owners.map((owner) => newRow(owner, `si_bot_${owner}`, { userID: 'bot' })),
      newRow('with2', 'sn_bot_with2', { userID: 'bot' }),
      newRow('with1', 'si_a_with1', { userID: 'a' }),
      newRow('bot', 'si_bot_bot', { userID: 'bot' }),
    ]);
    assert.deepEqual(await store.ownersWith('bot', '', 2), ['with1', 'with2']);
    assert.deepEqual(await store.ownersWith('bot', 'with2', 2), ['with3']);
    const set = () => node.unitOfWork.transaction((tx) => store.setExWith(tx, 'bot', ['with1', 'with2'], 'x'));
    assert.deepEqual((await set()).map(({ conversationID }) => conversationID).sort(), [
      'si_bot_with1',
      'si_bot_with2',
      'sn_bot_with2',
    ]);
    assert.deepEqual(await set(), []);
    assert.equal((await store.find('with1', 'si_a_with1'))?.ex, '');
  });

  await t.test('calls of a group show for who is in it, but the caller, until they are seen', async () => {
    const { calls } = node;
    const members = ['call1', 'call2', 'call3'];
    const others = ['call4', 'call5'];
    const asMember = (ownerUserID: string) =>
      newRow(ownerUserID, 'sg_calls', { conversationType: 3, groupID: 'calls' });
    const within = node.unitOfWork.transaction.bind(node.unitOfWork);
    const shown = async () =>
      Promise.all(members.map(async (owner) => (await store.find(owner, 'sg_calls'))?.groupAtType));
    await create([...members.map(asMember), newRow('call2', 'si_call2_b')]);
    assert.deepEqual(await store.withUnseenCalls('call2'), []);
    await within((tx) => calls.callEveryone(tx, 'calls', 'call1'));
    assert.deepEqual(await shown(), [0, 2, 2]);
    await within((tx) => calls.callEveryone(tx, 'calls', 'call1'));
    await within((tx) => calls.callEveryone(tx, 'calls', 'call2'));
    assert.deepEqual(await shown(), [2, 2, 2]);
    assert.deepEqual(await update('sg_calls', ['call1', 'call2'], { groupAtType: 0 }), ['call1', 'call2']);
    assert.deepEqual(await update('sg_calls', ['call1', 'call2'], { groupAtType: 0 }), []);
    assert.deepEqual(await shown(), [0, 0, 2]);
    assert.deepEqual(idsOf(await store.withUnseenCalls('call3')), ['sg_calls']);
    assert.deepEqual(await store.withUnseenCalls('call2'), []);
    await within((tx) => calls.announce(tx, 'calls'));
    assert.deepEqual(await shown(), [4, 4, 4]);
    assert.deepEqual(await store.withUnseenCalls('call1'), [await store.find('call1', 'sg_calls')]);

    await within((tx) => store.setWindow(tx, 'sg_calls', ['call3'], { maxSeq: 5 }));
    assert.deepEqual([await shown(), await store.withUnseenCalls('call3')], [[4, 4, 0], []], 'who has left');
    await within((tx) => store.setWindow(tx, 'sg_calls', ['call3'], { maxSeq: 0 }));
    await create(others.map(asMember));
    assert.deepEqual([await shown(), (await store.find('call4', 'sg_calls'))?.groupAtType], [[4, 4, 0], 0]);
    await within((tx) => store.delete(tx, 'call1', ['sg_calls']));
    await create([asMember('call1')]);
    assert.deepEqual(await shown(), [0, 4, 0], 'deleted with its settings');
  });

  await t.test('marks who is named, of those who are in the group, once', async () => {
    const named = ['named1', 'named2', 'named3'];
    await create(named.map((owner) => newRow(owner, 'sg_named', { conversationType: 3, groupID: 'named' })));
    await node.unitOfWork.transaction((tx) => store.setWindow(tx, 'sg_named', ['named2'], { maxSeq: 3 }));
    await update('sg_named', ['named3'], { groupAtType: 2 });
    const mark = () => node.unitOfWork.transaction((tx) => store.markMentioned(tx, 'sg_named', [...named, 'ghost']));
    assert.deepEqual((await mark()).toSorted(), ['named1', 'named3']);
    assert.deepEqual(await mark(), []);
    const types = named.map(async (owner) => (await store.find(owner, 'sg_named'))?.groupAtType);
    assert.deepEqual(await Promise.all(types), [1, 0, 3]);
  });

  await t.test('knows which conversations are silent and which are pinned', async () => {
    await update('si_b', ['ordered'], { recvMsgOpt: 2, isPinned: false });
    await update('si_a', ['ordered'], { recvMsgOpt: 1, isPinned: true });
    await update('si_z', ['ordered'], { recvMsgOpt: 2, isPinned: true });
    assert.deepEqual(await store.notNotifyIDs('ordered'), ['si_z', 'si_b']);
    assert.deepEqual(await store.pinnedIDs('ordered'), ['si_z', 'si_a']);
    assert.deepEqual(await store.pinnedIDs('new'), []);
  });
}

function newRow(ownerUserID: string, conversationID: string, fields: Partial<NewConversation> = {}): NewConversation {
  return { ownerUserID, conversationID, conversationType: 1, userID: '', groupID: '', ...fields };
}

function withDefaults(row: NewConversation): Conversation {
  return {
    ...row,
    recvMsgOpt: 0,
    isPinned: false,
    isPrivateChat: false,
    burnDurationSeconds: 0,
    groupAtType: 0,
    attachedInfo: '',
    ex: '',
    minSeq: 0,
    maxSeq: 0,
    msgDestructSeconds: 0,
    isMsgDestruct: false,
    lastMsgDestructAt: 0,
  };
}

function idsOf(rows: readonly Conversation[]): string[] {
  return rows.map(({ conversationID }) => conversationID);
}
