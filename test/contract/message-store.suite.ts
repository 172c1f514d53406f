/** What every message store does, whatever the engine. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ConversationViewStore, ReadPosition, ReadPositionStore } from '../../src/conversations/view-store.ts';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { DeletionStore } from '../../src/log/deletion-store.ts';
import type { MessageStore, NewMessage } from '../../src/log/message-store.ts';
import type { RevocationStore } from '../../src/log/revocation-store.ts';
import type { SendingFacts } from '../../src/messaging/sending-facts.ts';
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';

export interface MessageStoreUnderTest {
  readonly store: MessageStore;
  readonly revocations: RevocationStore;
  readonly deletions: DeletionStore;
  readonly views: ConversationViewStore;
  readonly positions: ReadPositionStore;
  readonly facts: SendingFacts;
  readonly work: UnitOfWork;
  /** Gives `owner` a conversation row. */
  readonly addRow: (row: {
    owner: string;
    conversationID: string;
    peer: string;
    recvMsgOpt?: number;
    minSeq?: number;
    maxSeq?: number;
  }) => Promise<void>;
  readonly addGroup: (group: { groupID: string; status: number; memberIDs: readonly string[] }) => Promise<void>;
  readonly addUser: (user: { userID: string; level?: number; globalRecvMsgOpt?: number }) => Promise<void>;
}

/** Tests use conversations and users of their own. */
export async function messageStoreSuite(
  t: TestContext,
  {
    store,
    revocations,
    deletions,
    views: viewStore,
    positions,
    facts,
    work,
    addRow,
    addGroup,
    addUser,
  }: MessageStoreUnderTest,
): Promise<void> {
  const range = async (conversationID: string) => {
    const stored = await store.range('', conversationID, 1, 1_000_000, 1_000_000);
    return stored.map(({ seq, body }) => ({
      seq,
      clientMsgID: MsgData.decode(body).clientMsgID,
      bodySeq: MsgData.decode(body).seq,
    }));
  };

  await t.test(
    'M2: gives dense seqs from 1 in the order of the batch, per conversation, and writes them into the bodies',
    async () => {
      const results = await store.append([
        message({ logID: 'si_m2_a', clientMsgID: '1' }),
        message({ logID: 'si_m2_b', clientMsgID: '2' }),
        message({ logID: 'si_m2_a', clientMsgID: '3' }),
      ]);
      assert.deepEqual(
        results.map(({ seq }) => seq),
        [1, 1, 2],
      );
      assert.deepEqual(
        results.map(({ body }) => MsgData.decode(body).seq),
        [1, 1, 2],
      );
      assert.deepEqual(await range('si_m2_a'), [
        { seq: 1, clientMsgID: '1', bodySeq: 1 },
        { seq: 2, clientMsgID: '3', bodySeq: 2 },
      ]);
    },
  );

  await t.test('what its condition refuses takes no seq; the others of its batch are stored', async () => {
    await addGroup({ groupID: 'living', status: 0, memberIDs: ['inside'] });
    await addGroup({ groupID: 'muted', status: 3, memberIDs: ['inside'] });
    await addGroup({ groupID: 'dismissed', status: 2, memberIDs: ['inside'] });
    const sent = (clientMsgID: string, sendID: string, groupID: string, isForMembersOnly = true) =>
      message({ logID: 'sg_condition', clientMsgID, sendID, condition: { groupID, isForMembersOnly } });
    const results = await store.append([
      sent('1', 'inside', 'living'),
      sent('2', 'outside', 'living'),
      sent('3', 'outside', 'living', false),
      sent('4', 'inside', 'dismissed'),
      sent('5', 'outside', 'dismissed', false),
      sent('6', 'inside', 'muted'),
      sent('7', 'inside', 'unknown'),
      sent('1', 'inside', 'living'),
    ]);
    assert.deepEqual(
      results.map(({ seq, isRefused, isDuplicate }) => (isRefused ? 'refused' : isDuplicate ? 'repeat' : seq)),
      [1, 'refused', 2, 'refused', 'refused', 3, 'refused', 'repeat'],
    );
    const stored = await range('sg_condition');
    assert.deepEqual(
      stored.map(({ clientMsgID }) => clientMsgID),
      ['1', '3', '6'],
    );
  });

  await t.test('M2: batches that run at the same time stay dense and lose nothing', async () => {
    const batches = Array.from({ length: 20 }, (_, batch) =>
      Array.from({ length: 10 }, (_, index) =>
        message({ logID: `si_con_${index % 3}`, clientMsgID: `${batch}-${index}` }),
      ),
    );
    await Promise.all(batches.map((batch) => store.append(batch)));
    for (const [conversation, count] of [
      [0, 80],
      [1, 60],
      [2, 60],
    ]) {
      const stored = await range(`si_con_${conversation}`);
      assert.deepEqual(
        stored.map(({ seq }) => seq),
        Array.from({ length: count! }, (_, index) => index + 1),
      );
      assert.equal(new Set(stored.map(({ clientMsgID }) => clientMsgID)).size, count);
    }
  });

  await t.test('M3: a repeat in a later batch gets the first answer and stores nothing', async () => {
    const first = message({ logID: 'si_m3', clientMsgID: 'c', serverMsgID: 's1', sentAt: 1000 });
    const [stored] = await store.append([first]);
    const [repeat] = await store.append([{ ...first, serverMsgID: 's2', sentAt: 2000 }]);
    assert.equal(stored!.isDuplicate, false);
    assert.deepEqual(
      { ...repeat, body: undefined },
      { seq: 1, serverMsgID: 's1', sentAt: 1000, isDuplicate: true, isRefused: false, body: undefined },
    );
    assert.equal((await range('si_m3')).length, 1);
  });

  await t.test('M3: a repeat within one batch is recognised too', async () => {
    const first = message({ logID: 'si_m3b', clientMsgID: 'c' });
    const results = await store.append([
      first,
      { ...first, serverMsgID: 'other' },
      message({ logID: 'si_m3b', clientMsgID: 'd' }),
    ]);
    assert.deepEqual(
      results.map(({ seq, isDuplicate }) => [seq, isDuplicate]),
      [
        [1, false],
        [1, true],
        [2, false],
      ],
    );
  });

  await t.test(
    'M3: the same clientMsgID from another sender, or in another conversation, is another message',
    async () => {
      const results = await store.append([
        message({ logID: 'si_m3c', clientMsgID: 'c', sendID: 'u1' }),
        message({ logID: 'si_m3c', clientMsgID: 'c', sendID: 'u2' }),
        message({ logID: 'si_m3d', clientMsgID: 'c', sendID: 'u1' }),
      ]);
      assert.ok(results.every(({ isDuplicate }) => !isDuplicate));
    },
  );

  await t.test('M1: a batch that fails stores nothing of itself and takes no seq', async () => {
    const broken = {
      ...message({ logID: 'si_m1', clientMsgID: 'b' }),
      serverMsgID: null as unknown as string,
    };
    await assert.rejects(store.append([message({ logID: 'si_m1', clientMsgID: 'a' }), broken]));
    assert.deepEqual(await range('si_m1'), []);
    const [next] = await store.append([message({ logID: 'si_m1', clientMsgID: 'c' })]);
    assert.equal(next!.seq, 1);
  });

  await t.test("raises the sender's read position for chat messages only", async () => {
    await addRow({ owner: 'u1', conversationID: 'si_read', peer: 'u2' });
    await store.append([
      message({ logID: 'si_read', clientMsgID: 'a', sendID: 'u1' }),
      message({ logID: 'si_read', clientMsgID: 'b', sendID: 'u2' }),
      message({ logID: 'si_read', clientMsgID: 'c', sendID: 'u1', raisesSenderReadSeq: false }),
    ]);
    const [view] = await viewStore.views('u1', ['si_read']);
    assert.equal(view!.readSeq, 1);
    assert.equal(view!.maxSeq, 3);
  });

  await t.test('range gives the newest of a range, ascending', async () => {
    await fill(store, 'si_range', 10);
    const stored = await store.range('', 'si_range', 2, 9, 3);
    assert.deepEqual(
      stored.map(({ seq }) => seq),
      [7, 8, 9],
    );
  });

  await t.test(
    'bySeqs gives what exists, ascending and once, also for lists longer than a statement takes',
    async () => {
      await fill(store, 'si_seqs', 5);
      const asked = [5, 1, 1, 3, 77, ...Array.from({ length: 1500 }, (_, index) => 1000 + index)];
      const stored = await store.bySeqs('', 'si_seqs', asked);
      assert.deepEqual(
        stored.map(({ seq }) => seq),
        [1, 3, 5],
      );
    },
  );

  await t.test('newest gives the last message inside each window', async () => {
    await fill(store, 'si_new_a', 5);
    await fill(store, 'si_new_b', 2);
    const newest = await store.newest('', [
      { logID: 'si_new_a', lower: 1, upper: 3 },
      { logID: 'si_new_b', lower: 1, upper: 9 },
      { logID: 'si_new_c', lower: 1, upper: 9 },
    ]);
    assert.deepEqual([...newest].map(([id, { seq }]) => [id, seq]).sort(), [
      ['si_new_a', 3],
      ['si_new_b', 2],
    ]);
  });

  await t.test('a revocation is told with the message on every way, once, and the message stays', async () => {
    await fill(store, 'si_rev', 3);
    const revocation = { revokerID: 'ann', revokerNickname: 'Ann', revokerRole: 60, revokedAt: 99 };
    const revoke = (seq: number, revokerID: string) =>
      work.transaction((tx) => revocations.revoke(tx, { logID: 'si_rev', seq }, { ...revocation, revokerID }));
    assert.deepEqual([await revoke(2, 'ann'), await revoke(2, 'bob'), await revoke(3, 'ann')], [true, false, true]);
    const newest = await store.newest('', [{ logID: 'si_rev', lower: 1, upper: 9 }]);
    const ways = [
      await store.range('', 'si_rev', 1, 9, 9),
      await store.bySeqs('', 'si_rev', [1, 2, 3]),
      [
        (await store.bySeqs('', 'si_rev', [1]))[0]!,
        (await store.range('', 'si_rev', 2, 2, 1))[0]!,
        newest.get('si_rev')!,
      ],
    ];
    for (const found of ways) {
      assert.deepEqual(
        found.map((message) => [message.seq, message.revocation, MsgData.decode(message.body).seq]),
        [
          [1, undefined, 1],
          [2, revocation, 2],
          [3, revocation, 3],
        ],
      );
    }
    const quoted = await store.revoked([1, 2, 2, 9].map((seq) => ({ logID: 'si_rev', seq })));
    assert.deepEqual([...new Set(quoted.map(({ logID, seq }) => `${logID} ${seq}`))], ['si_rev 2']);
    assert.deepEqual(await store.revoked([{ logID: 'si_other', seq: 2 }]), []);
    const locked = (seq: number) => work.transaction((tx) => store.lockMessage(tx, { logID: 'si_rev', seq }));
    assert.deepEqual((await locked(2))?.revocation, revocation);
    assert.equal(await locked(9), undefined);
  });

  await t.test('a deletion is of one reader, who is shown an older message as the newest', async () => {
    await fill(store, 'si_del', 5);
    const remove = (userID: string, ...seqs: number[]) =>
      work.transaction((tx) => deletions.delete(tx, userID, 'si_del', seqs));
    assert.deepEqual([...(await remove('ann', 2, 5, 77))].sort(), [2, 5]);
    assert.deepEqual(await remove('ann', 2, 5), []);
    assert.deepEqual(await remove('bob', 2), [2]);
    const flags = async (reader: string) => [
      (await store.range(reader, 'si_del', 1, 9, 9)).map(({ isDeleted }) => isDeleted),
      (await store.bySeqs(reader, 'si_del', [1, 2, 3, 4, 5])).map(({ isDeleted }) => isDeleted),
    ];
    const anns = [false, true, false, false, true];
    assert.deepEqual(await flags('ann'), [anns, anns]);
    assert.deepEqual(
      (await flags('carol')).flat(),
      Array.from({ length: 10 }, () => false),
    );
    const newest = async (reader: string, lower: number) =>
      (await store.newest(reader, [{ logID: 'si_del', lower, upper: 9 }])).get('si_del')?.seq;
    assert.deepEqual([await newest('ann', 1), await newest('ann', 5), await newest('bob', 1)], [4, undefined, 5]);
    const among = (userID: string) => work.transaction((tx) => deletions.deletedAmong(tx, userID, 'si_del', [1, 2, 3]));
    assert.deepEqual([...(await among('ann'))], [2]);
    assert.deepEqual([...(await among('carol'))], []);
  });

  await t.test('what is edited takes the place of what was stored, for every reader', async () => {
    await fill(store, 'si_edit', 2);
    const [, second] = await store.range('', 'si_edit', 1, 9, 9);
    const body = Buffer.from('edited');
    await work.transaction((tx) => store.rewrite(tx, { logID: 'si_edit', seq: 1 }, body));
    const found = await store.range('', 'si_edit', 1, 9, 9);
    assert.deepEqual([found[0]?.body, found[1]], [body, second]);
  });

  await t.test('what is erased is gone for everybody, with all that is known of it, and its seq stays', async () => {
    await fill(store, 'si_era', 4);
    await addRow({ owner: 'era', conversationID: 'si_era', peer: 'p' });
    await work.transaction(async (tx) => {
      await deletions.delete(tx, 'ann', 'si_era', [3, 4]);
      const revocation = { revokerID: 'ann', revokerNickname: '', revokerRole: 0, revokedAt: 1 };
      await revocations.revoke(tx, { logID: 'si_era', seq: 4 }, revocation);
    });
    const erase = (...seqs: number[]) =>
      work.transaction(async (tx) => {
        const erased = await store.erase(tx, 'si_era', seqs);
        await deletions.forget(tx, 'si_era', erased);
        await revocations.forget(tx, 'si_era', erased);
        return [...erased].sort();
      });
    assert.deepEqual(await erase(4, 2, 77), [2, 4]);
    assert.deepEqual(await erase(4, 2), []);
    assert.deepEqual(
      (await store.range('', 'si_era', 1, 9, 9)).map(({ seq }) => seq),
      [1, 3],
    );
    assert.deepEqual(await store.revoked([{ logID: 'si_era', seq: 4 }]), []);
    const [view] = await viewStore.views('era');
    const left = (await store.times('si_era', 0, 9)).map(({ seq, sentAt }) => [seq, sentAt]);
    assert.deepEqual(
      left.map(([seq]) => seq),
      [1, 3],
    );
    assert.deepEqual([view?.maxSeq, view?.maxSeqAt], [4, left[1]?.[1]]);
    assert.deepEqual(
      (await store.times('si_era', 1, 1)).map(({ seq }) => seq),
      [3],
    );
    assert.deepEqual(await erase(1, 3), [1, 3]);
    assert.equal((await viewStore.views('era'))[0]?.maxSeqAt, 0);
    const [next] = await store.append([message({ logID: 'si_era', clientMsgID: 'next', acceptedAt: 77 })]);
    assert.deepEqual([next?.seq, (await viewStore.views('era'))[0]?.maxSeqAt], [5, 77]);
  });

  await t.test('M3: what was erased or undone is no earlier message of what is sent afterwards', async () => {
    const sent = message({ logID: 'si_gone', clientMsgID: 'c' });
    const failure = new Error('on purpose');
    const undone = work.transaction(async (tx) => {
      await store.appendWithin(tx, [sent]);
      throw failure;
    });
    await assert.rejects(undone, failure);
    const seqs: unknown[] = [];
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      for (const [appended] of [await store.append([sent]), await store.append([sent])]) {
        seqs.push([appended?.seq, appended?.isDuplicate]);
      }
      assert.deepEqual(await store.seqsSent('si_gone', sent.sendID, ['c']), [attempt]);
      await work.transaction((tx) => store.erase(tx, 'si_gone', [attempt]));
      assert.deepEqual(await store.seqsSent('si_gone', sent.sendID, ['c']), []);
    }
    assert.deepEqual(seqs, [
      [1, false],
      [1, true],
      [2, false],
      [2, true],
    ]);
  });

  await t.test('M3: repeats are found of transactions that share a commit, one of which is undone', async () => {
    const [kept, lost] = ['kept', 'lost'].map((clientMsgID) => message({ logID: 'si_shared', clientMsgID }));
    const failure = new Error('on purpose');
    const outcomes = await Promise.allSettled([
      store.append([kept!]),
      work.transaction(async (tx) => {
        await store.appendWithin(tx, [lost!, lost!]);
        throw failure;
      }),
      store.append([lost!, kept!, lost!]),
    ]);
    assert.equal(outcomes[1]?.status, 'rejected');
    const all = [outcomes[0], outcomes[2]].flatMap((each) => (each?.status === 'fulfilled' ? each.value : []));
    // Which of them comes first is nobody's promise on PostgreSQL.
    assert.equal(all.filter(({ isDuplicate }) => !isDuplicate).length, 2);
    assert.deepEqual((await range('si_shared')).map(({ clientMsgID }) => clientMsgID).toSorted(), ['kept', 'lost']);
  });

  await t.test('the lower bound of a log goes up and never down', async () => {
    await fill(store, 'si_min', 3);
    for (const minSeq of [3, 2]) await work.transaction((tx) => store.raiseMinSeq(tx, 'si_min', minSeq));
    assert.equal((await store.bounds(['si_min'])).get('si_min')?.minSeq, 3);
  });

  await t.test('seqsSent knows what its sender has sent there', async () => {
    await store.append([
      message({ logID: 'si_sent', clientMsgID: 'a', sendID: 'ann' }),
      message({ logID: 'si_sent', clientMsgID: 'a', sendID: 'bob' }),
      message({ logID: 'si_sent_2', clientMsgID: 'b', sendID: 'ann' }),
    ]);
    assert.deepEqual(await store.seqsSent('si_sent', 'ann', ['a', 'a', 'b', 'c']), [1]);
    assert.deepEqual(await store.seqsSent('si_sent', 'ann', []), []);
  });

  await t.test('bounds knows only conversations with messages', async () => {
    await store.append([message({ logID: 'si_bounds', clientMsgID: 'a', acceptedAt: 1234 })]);
    const bounds = await store.bounds(['si_bounds', 'si_nothing']);
    assert.deepEqual([...bounds], [['si_bounds', { maxSeq: 1, minSeq: 0, maxSeqAt: 1234 }]]);
  });

  await t.test("views are the owner's own rows, with zeros where nothing was sent", async () => {
    await addRow({ owner: 'view_owner', conversationID: 'si_v1', peer: 'p' });
    await addRow({ owner: 'view_other', conversationID: 'si_v2', peer: 'p' });
    const views = await viewStore.views('view_owner');
    assert.deepEqual(
      views.map(({ conversationID, maxSeq, readSeq, peerUserID }) => ({
        conversationID,
        maxSeq,
        readSeq,
        peerUserID,
      })),
      [{ conversationID: 'si_v1', maxSeq: 0, readSeq: 0, peerUserID: 'p' }],
    );
    assert.deepEqual(await viewStore.views('view_owner', ['si_v2']), []);
  });

  await t.test("a view's time is of the newest message that its owner may read, 0 if there is none", async () => {
    const sent = [11, 12, 13].map((sentAt) =>
      message({ logID: 'si_vt', clientMsgID: `${sentAt}`, sentAt, hasChosenTime: true }),
    );
    await store.append(sent);
    const timeOf = async (owner: string) => (await viewStore.views(owner))[0]?.maxSeqAt;
    await addRow({ owner: 'vt_left', conversationID: 'si_vt', peer: 'p', maxSeq: 2 });
    assert.equal(await timeOf('vt_left'), 12);
    await addRow({ owner: 'vt_late', conversationID: 'si_vt', peer: 'p', minSeq: 2, maxSeq: 2 });
    await work.transaction((tx) => deletions.delete(tx, 'vt_late', 'si_vt', [2]));
    assert.equal(await timeOf('vt_late'), 0, 'what was there before is not its own');
    await work.transaction((tx) => store.raiseMinSeq(tx, 'si_vt', 3));
    assert.equal(await timeOf('vt_left'), 0, 'what is gone from the log is gone for all');
  });

  await t.test('the facts of a single chat tell missing records from zeros', async () => {
    await addUser({ userID: 'facts_a', level: 2 });
    await addUser({ userID: 'facts_b', globalRecvMsgOpt: 1 });
    await addRow({ owner: 'facts_b', conversationID: 'si_facts', peer: 'facts_a', recvMsgOpt: 2 });
    assert.deepEqual(await facts.singleChat('facts_a', 'facts_b', 'si_facts'), {
      senderLevel: 2,
      receiverGlobalOption: 1,
      receiverOption: 2,
      senderHasRow: false,
      isBlocked: false,
      isFriend: false,
    });
    assert.deepEqual(await facts.singleChat('nobody', 'facts_a', 'si_none'), {
      senderLevel: undefined,
      receiverGlobalOption: 0,
      receiverOption: undefined,
      senderHasRow: false,
      isBlocked: false,
      isFriend: false,
    });
  });

  await t.test('a read position goes up and never down', async () => {
    const raise = (position: Partial<ReadPosition>) =>
      work.transaction((tx) => positions.raiseReadPosition(tx, 'u', 'si_up', position));
    const position = () => work.transaction((tx) => positions.readPosition(tx, 'u', 'si_up'));
    assert.deepEqual(await position(), { readSeq: 0, toldSeq: 0 });
    assert.deepEqual(await raise({ readSeq: 5 }), { readSeq: 5, toldSeq: 0 });
    assert.deepEqual(await raise({ readSeq: 3, toldSeq: 3 }), { readSeq: 5, toldSeq: 3 });
    assert.deepEqual(await raise({ toldSeq: 2 }), { readSeq: 5, toldSeq: 3 });
    assert.deepEqual(await raise({ readSeq: 8, toldSeq: 8 }), { readSeq: 8, toldSeq: 8 });
    assert.deepEqual(await position(), { readSeq: 8, toldSeq: 8 });
  });

  await t.test('the send time never falls within a conversation, and is in the body', async () => {
    const sentAt = async (...times: number[]) => {
      const batch = times.map((time) =>
        message({ logID: 'si_time', clientMsgID: `${time}-${Math.random()}`, sentAt: time }),
      );
      const appended = await store.append(batch);
      const stored = await store.bySeqs(
        '',
        'si_time',
        appended.map(({ seq }) => seq),
      );
      for (const [index, { sentAt, body }] of appended.entries()) {
        const times = [stored[index]!.sentAt, sendTimeOf(body), sendTimeOf(stored[index]!.body)];
        assert.deepEqual(times, [sentAt, sentAt, sentAt]);
      }
      return appended.map(({ sentAt }) => sentAt);
    };
    assert.deepEqual(await sentAt(1000, 900, 1100), [1000, 1000, 1100]);
    assert.deepEqual(await sentAt(500), [1100]);
    assert.deepEqual(await sentAt(1200), [1200]);
    for (const chosen of [7, 99_999]) {
      const fields = { logID: 'si_time', clientMsgID: `${chosen}`, sentAt: chosen, hasChosenTime: true };
      const [kept] = await store.append([message(fields)]);
      assert.deepEqual([kept!.sentAt, sendTimeOf(kept!.body)], [chosen, chosen]);
    }
    assert.deepEqual(await sentAt(600), [1200]);
    const [other] = await store.append([message({ logID: 'si_time2', clientMsgID: 'a', sentAt: 700 })]);
    assert.equal(other!.sentAt, 700);
  });

  await t.test("markRead marks the peer's messages in the range and in the list, and no others", async () => {
    await store.append([
      message({ logID: 'si_mark', clientMsgID: '1', sendID: 'peer' }),
      message({ logID: 'si_mark', clientMsgID: '2', sendID: 'reader' }),
      message({ logID: 'si_mark', clientMsgID: '3', sendID: 'peer' }),
      message({ logID: 'si_mark', clientMsgID: '4', sendID: 'peer' }),
    ]);
    const marked = await work.transaction((tx) =>
      store.markRead(tx, 'si_mark', 'reader', { begin: 1, end: 2 }, [4, 99]),
    );
    assert.deepEqual(marked, [1, 4]);
    const again = await work.transaction((tx) => store.markRead(tx, 'si_mark', 'reader', { begin: 1, end: 4 }, [4]));
    assert.deepEqual(again, [3, 4], 'of the range only what is new, of the list all');
    const stored = await store.range('', 'si_mark', 1, 4, 10);
    assert.deepEqual(
      stored.map(({ isRead }) => isRead),
      [true, false, true, true],
    );
  });
}

function sendTimeOf(body: Uint8Array): number {
  return MsgData.decode(body).sendTime;
}

function fill(store: MessageStore, logID: string, count: number) {
  return store.append(Array.from({ length: count }, (_, index) => message({ logID, clientMsgID: String(index) })));
}

export function message(fields: Partial<NewMessage> & { logID: string; clientMsgID: string }): NewMessage {
  const { clientMsgID, sendID = 'u1' } = fields;
  return {
    sendID,
    serverMsgID: `server-${clientMsgID}`,
    sentAt: 1,
    hasChosenTime: false,
    acceptedAt: 1,
    sessionType: 1,
    contentType: 101,
    raisesSenderReadSeq: true,
    bodyWithoutSeq: MsgData.encode(
      newMsgData({ sendID, clientMsgID, sendTime: fields.sentAt ?? 1, content: Buffer.from('{"content":"hi"}') }),
    ).finish(),
    ...fields,
  };
}
