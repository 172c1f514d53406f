/** Deleting and clearing messages: conversations-messages.md 9.9, and what is read afterwards: 8.3, 8.4. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import clearConversationMsg from '../../src/http/routes/msg/clear_conversation_msg.ts';
import deleteMsgPhsicalBySeq from '../../src/http/routes/msg/delete_msg_phsical_by_seq.ts';
import deleteMsgPhysical from '../../src/http/routes/msg/delete_msg_physical.ts';
import deleteMsgs from '../../src/http/routes/msg/delete_msgs.ts';
import userClearAllMsg from '../../src/http/routes/msg/user_clear_all_msg.ts';
import { actAs, as, codeFor, makeTeam, say as sayInGroup } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { readings } from './readings.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const chat = 'si_alice_bob';
const forAll = { IsSyncOther: true };

const say = (world: World, sendID: string, recvID: string, content: string, more: object = {}) =>
  world.call('/msg/send_msg', { sendID, recvID, contentType: 101, sessionType: 1, content: { content }, ...more });

const setUp = async (world: World) => {
  await world.register('dora');
  for (const text of ['one', 'two', 'three']) await say(world, 'alice', 'bob', text);
  await makeTeam(world, 'team');
  await sayInGroup(world, 'carol', 'team', 'hi');
};

/** A call that changes nothing of the chat and of the group, whatever it is answered with. */
const without =
  (base: object) =>
  ([name, by, body, errCode]: readonly [name: string, by: string, body: object, errCode: number]): Scenario => ({
    name: `${name}: ${errCode}, and nothing changes`,
    token: by === 'imAdmin' ? 'admin' : as(by),
    body: { ...base, ...body },
    expect: {
      errCode,
      data: async (data: never, world: World) => {
        assert.equal(data, undefined);
        const { ranges } = await readings(world, 'alice', chat);
        assert.deepEqual(
          ranges.map(({ status }) => status),
          [2, 2, 2],
        );
        assert.equal((await readings(world, 'carol', 'sg_team')).last?.text, '{"content":"hi"}');
      },
    },
  });

const oddSeqs: readonly (readonly [string, string, object, number])[] = [
  ['no seqs', 'imAdmin', { seqs: [] }, 1001],
  ['seq 0 among them', 'imAdmin', { seqs: [1, 0] }, 1001],
  ['a seq of -1', 'imAdmin', { seqs: [-1, 1] }, 1001],
  ['without a conversation', 'imAdmin', { conversationID: '' }, 1001],
  ['huge seqs', 'imAdmin', { seqs: [Number.MAX_SAFE_INTEGER, 99] }, 0],
];

testEndpoint(
  deleteMsgs,
  [
    ...oddSeqs,
    ['without a user', 'imAdmin', { userID: '' }, 1001],
    ['M5 of another user', 'bob', {}, 1002],
    ['what the user does not have', 'alice', { conversationID: 'si_bob_carol' }, 0],
    ['for all: no row', 'alice', { conversationID: 'si_bob_carol', deleteSyncOpt: forAll }, 1004],
    ['M5 for all: a stranger', 'dora', { userID: 'dora', deleteSyncOpt: forAll }, 1004],
    ['M5 notifications', 'alice', { conversationID: 'n_alice_bob', deleteSyncOpt: forAll }, 1004],
    [
      '9.9 Known defect: IsSyncOther in a group by a member',
      'carol',
      { userID: 'carol', conversationID: 'sg_team', seqs: [2], deleteSyncOpt: forAll },
      1002,
    ],
  ].map((row) => without({ conversationID: chat, seqs: [1], userID: 'alice' })(row as never)),
  { setUp },
);

testEndpoint(
  deleteMsgPhsicalBySeq,
  [...oddSeqs, ['nothing was ever stored there', 'imAdmin', { conversationID: 'si_x_y' }, 0] as const].map(
    without({ conversationID: chat, seqs: [1] }),
  ),
  { setUp },
);

testEndpoint(
  deleteMsgPhysical,
  (
    [
      ['no conversations', 'imAdmin', { conversationIDs: [] }, 1001],
      ['a negative age', 'imAdmin', { timestamp: -1 }, 1001],
      ['no age', 'imAdmin', { timestamp: 0 }, 1001],
      ['an age of as many ms as a day has', 'imAdmin', { timestamp: 86_400 }, 0],
      ['a huge age', 'imAdmin', { timestamp: Number.MAX_SAFE_INTEGER }, 0],
      ['9.9 a conversation that is not named', 'imAdmin', { conversationIDs: ['si_alice_carol'], timestamp: 1 }, 0],
    ] as const
  ).map(without({ conversationIDs: [chat, 'sg_team'], timestamp: 86_400 })),
  { setUp },
);

testEndpoint(
  clearConversationMsg,
  (
    [
      ['no conversations', 'alice', { conversationIDs: [] }, 1001],
      ['without a user', 'imAdmin', { userID: '' }, 1001],
      ['M5 of another user', 'bob', {}, 1002],
      ['what the user does not have', 'alice', { conversationIDs: ['si_bob_carol', 'n_alice_bob'] }, 0],
      [
        '9.9 Known defect: IsSyncOther, one of them a group of which the user is a member',
        'carol',
        { userID: 'carol', conversationIDs: ['sg_team'], deleteSyncOpt: forAll },
        1002,
      ],
    ] as const
  ).map(without({ conversationIDs: [chat], userID: 'alice' })),
  { setUp },
);

testEndpoint(
  userClearAllMsg,
  (
    [
      ['without a user', 'imAdmin', { userID: '' }, 1001],
      ['M5 of another user', 'bob', {}, 1002],
      ['9.9 IsSyncOther by who is but a member', 'carol', { userID: 'carol', deleteSyncOpt: forAll }, 1002],
      ['nothing to clear', 'dora', { userID: 'dora' }, 0],
    ] as const
  ).map(without({ userID: 'alice' })),
  { setUp },
);

test('9.9 for oneself: a placeholder with all but the content, for nobody else, and again does nothing', async (t) => {
  const world = await open(t);
  await setUp(world);
  const before = await readings(world, 'bob', chat);
  for (const round of [1, 2]) {
    await actAs(world, 'alice', deleteMsgs.path, { userID: 'alice', conversationID: chat, seqs: [2, 2, 77] });
    const { ranges, bySeqs, last } = await readings(world, 'alice', chat);
    assert.deepEqual(ranges[1], { seq: 2, contentType: 101, status: 4, text: '' }, `round ${round}`);
    assert.deepEqual([ranges[0], ranges[2]], [before.ranges[0], before.ranges[2]]);
    assert.deepEqual(bySeqs, ranges);
    assert.equal(last?.seq, 3);
  }
  assert.deepEqual(await readings(world, 'bob', chat), before);
});

test('F20 after any deletions all lists show the newest message that is left, and pulls have a placeholder for each', async (t) => {
  const world = await open(t);
  await say(world, 'carol', 'alice', 'other');
  await setUp(world);
  const statuses = async () => (await readings(world, 'alice', chat)).ranges.map(({ seq, status }) => [seq, status]);
  const deletions: readonly [delete_: () => Promise<unknown>, statuses: number[], newest: string][] = [
    [
      () => actAs(world, 'alice', deleteMsgs.path, { userID: 'alice', conversationID: chat, seqs: [3] }),
      [2, 2, 4],
      'two',
    ],
    [() => world.call(deleteMsgPhsicalBySeq.path, { conversationID: chat, seqs: [2] }), [2, 4, 4], 'one'],
  ];
  for (const [delete_, expected, newest] of deletions) {
    await delete_();
    assert.deepEqual(
      await statuses(),
      expected.map((status, index) => [index + 1, status]),
    );
    const { ranges, bySeqs, ...shown } = await readings(world, 'alice', chat);
    assert.deepEqual(bySeqs, ranges);
    for (const [way, reading] of Object.entries(shown)) assert.equal(reading?.text, `{"content":"${newest}"}`, way);
  }
  assert.equal((await readings(world, 'bob', chat)).last?.seq, 3);

  // Sorted by what is left, and by nothing once nothing is.
  const { seqs } = await world.call('/msg/get_conversations_has_read_and_max_seq', { userID: 'alice' });
  const [{ sendTime }] = await pulled(world, 'alice', chat);
  assert.deepEqual([seqs[chat].maxSeq, seqs[chat].maxSeqTime], [3, sendTime]);
  await actAs(world, 'alice', deleteMsgs.path, { userID: 'alice', conversationID: chat, seqs: [1, 2, 3] });
  const { ranges, bySeqs, ...shown } = await readings(world, 'alice', chat);
  assert.deepEqual(
    ranges.map(({ status }) => status),
    [4, 4, 4],
  );
  assert.deepEqual(Object.values(shown), [undefined, undefined, undefined, undefined]);
  assert.deepEqual(bySeqs, ranges);
  const pagination = { pageNumber: 1, showNumber: 9 };
  const list = await world.call('/conversation/get_sorted_conversation_list', { userID: 'alice', pagination });
  assert.deepEqual([list.conversationTotal, list.conversationElems.length], [2, 3]);
  await say(world, 'bob', 'alice', 'again');
  for (const reading of Object.values((({ ranges, bySeqs, ...rest }) => rest)(await readings(world, 'alice', chat)))) {
    assert.equal(reading?.text, '{"content":"again"}');
  }
});

test('9.9 IsSyncSelf tells the own devices, stored, and nobody else', async (t) => {
  const world = await open(t);
  await setUp(world);
  await using alice = await Listener.open(world, 'alice');
  await using bob = await Listener.open(world, 'bob');
  const body = { userID: 'alice', conversationID: chat, seqs: [3, 1, 77] };
  await actAs(world, 'alice', deleteMsgs.path, body);
  await actAs(world, 'alice', deleteMsgs.path, { ...body, deleteSyncOpt: { IsSyncSelf: true } });
  const heard = (await alice.everything(world)).filter(({ message }) => message.contentType !== 1303);
  assert.deepEqual(
    heard.map(({ conversationID, message, tips }) => [conversationID, message.contentType, message.seq > 0, tips]),
    [['n_alice_alice', 2102, true, { userID: 'alice', conversationID: chat, seqs: [1, 3] }]],
  );
  assert.deepEqual(await bob.everything(world), []);
});

test('F21 by clientMsgID the user’s own message is deleted on all its devices, which are told', async (t) => {
  const world = await open(t);
  await setUp(world);
  const [{ clientMsgID }] = await pulled(world, 'bob', chat);
  await using alice = await Listener.open(world, 'alice');
  const body = { conversationID: chat, clientMsgIDs: [clientMsgID, 'not stored yet'] };
  await actAs(world, 'bob', deleteMsgs.path, { ...body, userID: 'bob' });
  assert.equal((await readings(world, 'bob', chat)).ranges[0]?.status, 2, 'of another user');
  await actAs(world, 'alice', deleteMsgs.path, { ...body, userID: 'alice' });
  assert.deepEqual((await alice.hear(2102)).tips, { userID: 'alice', conversationID: chat, seqs: [1] });
  assert.deepEqual(
    (await readings(world, 'alice', chat)).ranges.map(({ status }) => status),
    [4, 2, 2],
  );
});

test('9.9 IsSyncOther erases for both in a single chat, and for all in a group by owner or admin; all are told once', async (t) => {
  const world = await open(t);
  await setUp(world);
  await using alice = await Listener.open(world, 'alice');
  await using carol = await Listener.open(world, 'carol');
  const inChat = { userID: 'bob', conversationID: chat, seqs: [3, 1, 77], deleteSyncOpt: forAll };
  for (const _ of [1, 2]) await actAs(world, 'bob', deleteMsgs.path, inChat);
  for (const reader of ['alice', 'bob']) {
    const { ranges, last } = await readings(world, reader, chat);
    assert.deepEqual(
      [ranges.map(({ status, text }) => [status, text]), last?.seq],
      [
        [
          [4, ''],
          [2, '{"content":"two"}'],
          [4, ''],
        ],
        2,
      ],
    );
  }
  const newest = (await readings(world, 'alice', 'sg_team')).last?.seq;
  const inGroup = { userID: 'bob', conversationID: 'sg_team', seqs: [newest], deleteSyncOpt: forAll };
  await actAs(world, 'bob', deleteMsgs.path, inGroup);
  assert.notEqual((await readings(world, 'carol', 'sg_team')).last?.seq, newest);
  const told = async (device: Listener) =>
    (await device.everything(world))
      .filter(({ message }) => message.contentType === 2102)
      .map(({ conversationID, message, tips }) => [conversationID, message.sendID, tips.seqs]);
  assert.deepEqual(await told(alice), [
    ['n_alice_bob', 'bob', [1, 3]],
    ['n_team', 'bob', [newest]],
  ]);
  assert.deepEqual(await told(carol), [['n_team', 'bob', [newest]]]);
});

test('9.9 who was taken out of a group, or is no admin any more, erases nothing there', async (t) => {
  const world = await open(t);
  await setUp(world);
  const { last } = await readings(world, 'alice', 'sg_team');
  const erase = () =>
    codeFor(world, 'bob', deleteMsgs.path, {
      ...{ userID: 'bob', conversationID: 'sg_team', seqs: [last?.seq], deleteSyncOpt: forAll },
    });
  await world.call('/group/set_group_member_info', { members: [{ groupID: 'team', userID: 'bob', roleLevel: 20 }] });
  assert.equal(await erase(), 1002);
  await world.call('/group/kick_group', { groupID: 'team', kickedUserIDs: ['bob'] });
  assert.equal(await erase(), 1002);
  const clear = { userID: 'bob', conversationIDs: [chat, 'sg_team'], deleteSyncOpt: forAll };
  assert.equal(await codeFor(world, 'bob', clearConversationMsg.path, clear), 1002);
  assert.equal((await readings(world, 'carol', 'sg_team')).ranges.length, (last?.seq ?? 0) + 1);
  assert.equal((await readings(world, 'bob', chat)).ranges.length, 3);
});

test('9.9 Known defect: its cutoff is computed in seconds: what is older goes, and what is newer stays', async (t) => {
  const world = await open(t);
  await say(world, 'alice', 'bob', 'old');
  await say(world, 'alice', 'carol', 'old, elsewhere');
  world.passTime(120_000);
  await say(world, 'alice', 'bob', 'new');
  // Chosen by a back end, behind what is newer.
  await say(world, 'alice', 'bob', 'back-dated', { sendTime: 1 });
  await world.call(deleteMsgPhysical.path, { conversationIDs: [chat], timestamp: 60 });
  const { ranges, last } = await readings(world, 'bob', chat);
  assert.deepEqual(
    [ranges.map(({ seq, status }) => [seq, status]), last?.text],
    [
      [
        [2, 2],
        [3, 4],
      ],
      '{"content":"new"}',
    ],
  );
  assert.equal((await readings(world, 'carol', 'si_alice_carol')).last?.text, '{"content":"old, elsewhere"}');
});

test('9.9 a clear hides what there is now, for oneself, on every device; what comes meanwhile is there', async (t) => {
  const world = await open(t);
  await setUp(world);
  await using alice = await Listener.open(world, 'alice');
  await using bob = await Listener.open(world, 'bob');
  await alice.everything(world);
  await bob.everything(world);
  const version = await world.call('/conversation/get_incremental_conversations', { userID: 'bob', ...noVersion });
  const body = { userID: 'bob', conversationIDs: [chat, 'si_x_y'], deleteSyncOpt: { IsSyncSelf: true } };
  await actAs(world, 'bob', clearConversationMsg.path, body);
  assert.deepEqual((await bob.hear(1300)).tips, { userID: 'bob', conversationIDList: [chat] });
  const cleared = await bob.hear(1703);
  assert.deepEqual(
    [cleared.conversationID, cleared.message.seq, cleared.tips],
    ['n_bob_bob', 0, { userID: 'bob', conversationIDs: [chat] }],
  );
  const since = { version: version.version, versionID: version.versionID };
  const { update } = await world.call('/conversation/get_incremental_conversations', { userID: 'bob', ...since });
  assert.deepEqual(
    update.map(({ conversationID, minSeq }: Row) => [conversationID, minSeq]),
    [[chat, 4]],
  );
  const { ranges, bySeqs, ...shown } = await readings(world, 'bob', chat);
  assert.deepEqual([ranges, bySeqs, ...Object.values(shown)], [[], [], undefined, undefined, undefined, undefined]);
  assert.equal((await readings(world, 'alice', chat)).ranges.length, 3);
  assert.deepEqual(await alice.everything(world), []);

  await actAs(world, 'bob', clearConversationMsg.path, body);
  assert.equal((await bob.everything(world)).filter(({ message }) => message.contentType === 1300).length, 0);
  await say(world, 'alice', 'bob', 'four');
  assert.deepEqual(
    (await readings(world, 'bob', chat)).ranges.map(({ seq }) => seq),
    [4],
  );
});

test('F23 a clear leaves what was read as it is: nothing is unread, and the next reading tells the peer of all', async (t) => {
  const world = await open(t);
  await setUp(world);
  const read = () => world.call('/msg/get_conversations_has_read_and_max_seq', { userID: 'bob' });
  await actAs(world, 'bob', clearConversationMsg.path, { userID: 'bob', conversationIDs: [chat] });
  const { maxSeqTime, ...position } = (await read()).seqs[chat];
  assert.ok(maxSeqTime > 0);
  assert.deepEqual(position, { maxSeq: 3, hasReadSeq: 3 });
  assert.deepEqual(
    (await pulled(world, 'alice', chat)).map(({ isRead }) => isRead),
    [false, false, false],
  );
  await using alice = await Listener.open(world, 'alice');
  await say(world, 'alice', 'bob', 'four');
  assert.deepEqual((await read()).seqs[chat].hasReadSeq, 3);
  const mark = { userID: 'bob', conversationID: chat, hasReadSeq: 4 };
  await world.call('/msg/mark_conversation_as_read', mark);
  assert.deepEqual((await alice.hear(2200)).tips.seqs, [1, 2, 3, 4]);
});

test('9.9 IsSyncOther clears for everybody, who are told by 1703, and leaves the own row', async (t) => {
  const world = await open(t);
  await setUp(world);
  await using alice = await Listener.open(world, 'alice');
  await using carol = await Listener.open(world, 'carol');
  await carol.everything(world);
  const body = { userID: 'alice', conversationIDs: [chat, 'sg_team'], deleteSyncOpt: forAll };
  await actAs(world, 'alice', clearConversationMsg.path, body);
  for (const [reader, id] of [
    ['alice', chat],
    ['bob', chat],
    ['carol', 'sg_team'],
  ] as const) {
    assert.deepEqual((await readings(world, reader, id)).ranges, [], `${reader} in ${id}`);
  }
  assert.deepEqual((await carol.hear(1703)).tips, { userID: 'alice', conversationIDs: ['sg_team'] });
  const [first, second] = [await alice.hear(1703), await alice.hear(1703)];
  assert.deepEqual([first.tips.conversationIDs, second.tips.conversationIDs].flat().sort(), ['sg_team', chat].sort());
  const { conversation } = await world.call('/conversation/get_conversation', {
    ...{ ownerUserID: 'alice', conversationID: chat },
  });
  assert.equal(conversation.minSeq, 0);
  await say(world, 'bob', 'alice', 'four');
  assert.deepEqual(
    (await readings(world, 'alice', chat)).ranges.map(({ seq }) => seq),
    [4],
  );
});

test('9.9 user_clear_all_msg clears all that the user has, and nothing of others', async (t) => {
  const world = await open(t);
  await setUp(world);
  await say(world, 'alice', 'carol', 'hi');
  await actAs(world, 'alice', userClearAllMsg.path, { userID: 'alice' });
  for (const id of [chat, 'si_alice_carol', 'sg_team'])
    assert.deepEqual((await readings(world, 'alice', id)).ranges, []);
  assert.equal((await readings(world, 'bob', chat)).ranges.length, 3);
  const all = await world.call('/conversation/get_all_conversations', { ownerUserID: 'alice' });
  assert.equal(all.conversations.length, 3, 'the rows stay');
});

test('9.8 a receipt leaves out what its receiver has deleted', async (t) => {
  const world = await open(t);
  await setUp(world);
  await using alice = await Listener.open(world, 'alice');
  await actAs(world, 'alice', deleteMsgs.path, { userID: 'alice', conversationID: chat, seqs: [2] });
  await world.call('/msg/mark_conversation_as_read', { userID: 'bob', conversationID: chat, hasReadSeq: 3 });
  assert.deepEqual((await alice.hear(2200)).tips.seqs, [1, 3]);
});

test('messages that arrive while others are deleted and cleared are all there afterwards', async (t) => {
  const world = await open(t);
  await setUp(world);
  const calls: Promise<unknown>[] = [];
  for (let round = 0; round < 15; round += 1) {
    calls.push(say(world, 'alice', 'bob', `late ${round}`));
    if (round === 5) calls.push(world.call(clearConversationMsg.path, { userID: 'bob', conversationIDs: [chat] }));
    const erase = { userID: 'bob', conversationID: chat, seqs: [1, 2, 3], deleteSyncOpt: forAll };
    if (round % 5 === 0) calls.push(world.call(deleteMsgs.path, erase));
    if (round % 5 === 1) calls.push(world.call(deleteMsgs.path, { ...erase, deleteSyncOpt: null }));
  }
  await Promise.all(calls);
  const { ranges } = await readings(world, 'alice', chat);
  assert.deepEqual(
    ranges.map(({ seq, status }) => [seq, status]),
    Array.from({ length: 18 }, (_, index) => [index + 1, index < 3 ? 4 : 2]),
  );
  const left = (await readings(world, 'bob', chat)).ranges.map(({ seq }) => seq);
  assert.deepEqual(
    left,
    Array.from({ length: left.length }, (_, index) => 18 - left.length + index + 1),
  );
});

async function open(t: TestContext): Promise<World> {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  return world;
}

const noVersion = { version: 0, versionID: '' };

interface Row {
  readonly conversationID: string;
  readonly minSeq: number;
}

interface Stored {
  readonly clientMsgID: string;
  readonly sendTime: number;
  readonly isRead: boolean;
}

async function pulled(world: World, userID: string, conversationID: string): Promise<readonly [Stored, ...Stored[]]> {
  const seqRanges = [{ conversationID, begin: 1, end: 1000, num: 1000 }];
  const { msgs } = await world.call('/msg/pull_msg_by_seq', { userID, seqRanges, order: 0 });
  return msgs[conversationID].Msgs;
}
