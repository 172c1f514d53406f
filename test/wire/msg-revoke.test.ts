/** Taking messages back: conversations-messages.md 9.7, and how they look to everybody afterwards: 8.4. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import revokeMsg from '../../src/http/routes/msg/revoke_msg.ts';
import { as, codeFor, makeTeam, say as sayInGroup } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { readings } from './readings.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const chat = 'si_alice_bob';

const revoke = (world: World, userID: string, conversationID: string, seq: number) =>
  codeFor(world, userID, revokeMsg.path, { conversationID, seq, userID });

const say = (world: World, sendID: string, recvID: string, content: object, contentType = 101) =>
  world.call('/msg/send_msg', { sendID, recvID, contentType, sessionType: 1, content });

const refusals: readonly [name: string, by: string, body: object, errCode: number][] = [
  ['without a conversation', 'alice', { conversationID: '' }, 1001],
  ['seq 0', 'alice', { seq: 0 }, 1001],
  ['seq -1', 'alice', { seq: -1 }, 1001],
  ['seq of -2^53', 'alice', { seq: Number.MIN_SAFE_INTEGER }, 1001],
  ['without a user', 'imAdmin', { userID: '' }, 1001],
  ['M5 the message of the other', 'alice', { seq: 2 }, 1002],
  ['M5 of another user', 'bob', {}, 1002],
  ['a user who is not registered', 'imAdmin', { userID: 'nobody' }, 1004],
  ['a seq beyond', 'alice', { seq: Number.MAX_SAFE_INTEGER }, 1004],
  ['a chat that the user does not have', 'alice', { conversationID: 'si_bob_carol' }, 1004],
  ['a group that is not there', 'alice', { conversationID: 'sg_none' }, 1002],
  ['M5 a group of others', 'dora', { conversationID: 'sg_team', userID: 'dora', seq: 2 }, 1002],
  ['notifications', 'imAdmin', { conversationID: 'n_alice_bob' }, 1004],
  ['9.7 Known defect: a missing seq, by an admin', 'imAdmin', { userID: 'imAdmin', seq: 99 }, 1004],
];

testEndpoint(
  revokeMsg,
  refusals.map(
    ([name, by, body, errCode]): Scenario => ({
      name: `${name}: ${errCode}, and nothing changes`,
      token: by === 'imAdmin' ? 'admin' : as(by),
      body: { conversationID: chat, seq: 1, userID: 'alice', ...body },
      expect: {
        errCode,
        data: async (data: never, world: World) => {
          assert.equal(data, undefined);
          assert.deepEqual(await typesOf(world, 'bob', chat), [101, 101]);
        },
      },
    }),
  ),
  {
    setUp: async (world) => {
      await world.register('dora');
      await say(world, 'alice', 'bob', { content: 'one' });
      await say(world, 'bob', 'alice', { content: 'two' });
      await makeTeam(world, 'team');
    },
  },
);

test('9.7 both sides are told, on every device, and read who took it back instead; a second time is 1404', async (t) => {
  const world = await open(t);
  await say(world, 'alice', 'bob', { content: 'secret' });
  const [{ clientMsgID, serverMsgID, sendTime }] = await pulled(world, 'bob', chat);
  await using bob = await Listener.open(world, 'bob');
  await using alice = await Listener.open(world, 'alice');
  assert.equal(await revoke(world, 'alice', chat, 1), 0);
  for (const device of [alice, bob]) {
    const { conversationID, message, tips } = await device.hear(2101);
    assert.deepEqual([conversationID, message.sendID, message.recvID], ['n_alice_bob', 'alice', 'bob']);
    const { revokeTime, ...rest } = tips;
    assert.ok(revokeTime > 0);
    assert.deepEqual(rest, {
      revokerUserID: 'alice',
      clientMsgID,
      sesstionType: 1,
      seq: 1,
      conversationID: chat,
      isAdminRevoke: false,
    });
  }
  const [shown] = await pulled(world, 'bob', chat);
  assert.partialDeepStrictEqual(shown, {
    contentType: 2101,
    seq: 1,
    clientMsgID,
    serverMsgID,
    sendTime,
    sendID: 'alice',
  });
  const { revokeTime, ...detail } = detailOf(shown);
  assert.ok(revokeTime > 0);
  assert.deepEqual(detail, {
    revokerID: 'alice',
    revokerRole: 0,
    clientMsgID,
    revokerNickname: 'alice',
    sourceMessageSendTime: sendTime,
    sourceMessageSendID: 'alice',
    sourceMessageSenderNickname: '',
    sessionType: 1,
    seq: 1,
    ex: '',
  });
  assert.equal(await revoke(world, 'alice', chat, 1), 1404);
  // Who was away hears it from the log.
  const seqRanges = [{ conversationID: 'n_alice_bob', begin: 1, end: 9, num: 9 }];
  const { notificationMsgs } = await world.call('/msg/pull_msg_by_seq', { userID: 'bob', seqRanges, order: 0 });
  assert.deepEqual(
    notificationMsgs.n_alice_bob.Msgs.map((message: Shown) => message.contentType),
    [2101],
  );
});

test('8.4 F18 no way of reading shows what was said, nor does what quotes it, whatever else is gone', async (t) => {
  const world = await open(t);
  await say(world, 'alice', 'bob', { content: 'secret' });
  const quoteMessage = { seq: 1, contentType: 101, content: '{"content":"secret"}', textElem: { content: 'secret' } };
  for (const seq of [1, 77]) {
    await say(world, 'bob', 'alice', { text: 'that', quoteMessage: { ...quoteMessage, seq } }, 114);
  }
  await say(world, 'alice', 'bob', { content: 'newest, secret' });
  assert.equal(await revoke(world, 'alice', chat, 1), 0);
  assert.equal(await revoke(world, 'alice', chat, 4), 0);

  const { ranges, bySeqs, ...newest } = await readings(world, 'bob', chat);
  assert.deepEqual(
    ranges.map(({ contentType }) => contentType),
    [2101, 114, 114, 2101],
  );
  assert.deepEqual(bySeqs, ranges);
  for (const [way, shown] of Object.entries(newest)) assert.equal(shown?.contentType, 2101, way);
  const secrets = [...ranges, ...Object.values(newest)].filter((shown) => shown?.text.includes('secret'));
  // The quote of a message that was never there is left alone.
  assert.deepEqual(secrets, [ranges[2]]);
  // Admins of the server look for what was said.
  const { chatLogs } = await world.call('/msg/search_msg', { pagination: { pageNumber: 1, showNumber: 9 } });
  assert.deepEqual(
    chatLogs.map((found: { isRevoked: boolean; chatLog: { contentType: number } }) => [
      found.isRevoked,
      found.chatLog.contentType,
    ]),
    [
      [true, 101],
      [false, 114],
      [false, 114],
      [true, 101],
    ],
  );
});

// Of the group team: owner alice, admins bob and boss, members carol and dora, who has left; who, whose message, the code.
const roles: readonly [who: string, whose: string, errCode: number][] = [
  ['carol', 'carol', 0],
  ['carol', 'alice', 1002],
  ['carol', 'dora', 1002],
  ['bob', 'carol', 0],
  ['bob', 'dora', 0],
  ['bob', 'boss', 1002],
  ['bob', 'alice', 1002],
  ['bob', 'bob', 0],
  ['alice', 'boss', 0],
  ['alice', 'carol', 0],
  ['dora', 'dora', 0],
  ['dora', 'carol', 1002],
  ['eve', 'carol', 1002],
];

test('9.7 in a group: one’s own, those below one’s own role, and nobody else’s; who has left moderates no more', async (t) => {
  const world = await open(t);
  await world.register('dora', 'eve', 'boss');
  await world.call('/group/create_group', {
    groupInfo: { groupID: 'team', groupName: 'team', groupType: 2 },
    ownerUserID: 'alice',
    adminUserIDs: ['bob', 'boss'],
    memberUserIDs: ['carol', 'dora'],
  });
  const seqs: number[] = [];
  for (const [index, [, whose]] of roles.entries()) {
    await sayInGroup(world, whose, 'team', `${index}`);
    seqs.push(await newestSeq(world, 'alice', 'sg_team'));
  }
  await world.call('/group/kick_group', { groupID: 'team', kickedUserIDs: ['dora'] });
  await using alice = await Listener.open(world, 'alice');
  await using dora = await Listener.open(world, 'dora');
  const codes: number[] = [];
  for (const [index, [who]] of roles.entries()) codes.push(await revoke(world, who, 'sg_team', seqs[index] ?? 0));
  assert.deepEqual(
    codes,
    roles.map(([, , errCode]) => errCode),
  );
  const types = new Map((await pulled(world, 'alice', 'sg_team')).map(({ seq, contentType }) => [seq, contentType]));
  assert.deepEqual(
    seqs.map((seq) => types.get(seq)),
    roles.map(([, , errCode]) => (errCode === 0 ? 2101 : 101)),
  );
  const heard = (await alice.everything(world)).filter(({ message }) => message.contentType === 2101);
  assert.deepEqual(
    heard.map(({ conversationID, tips }) => [conversationID, tips.revokerUserID, tips.seq]),
    roles.flatMap(([who, , errCode], index) => (errCode === 0 ? [['n_team', who, seqs[index]]] : [])),
  );
  // Her own devices hear of what she did, who is not in the group.
  assert.deepEqual(
    (await dora.everything(world)).map(({ conversationID, message }) => [conversationID, message.contentType]),
    [['n_dora_dora', 2101]],
  );
  const carols = await pulled(world, 'carol', 'sg_team');
  assert.equal(detailOf(carols.find(({ seq }) => seq === seqs[8])).revokerRole, 100);
});

test('9.7 admins of the server may always; Known defect: with its own ID in a single chat, and both parties are told', async (t) => {
  const world = await open(t);
  for (const text of ['one', 'two', 'three']) await say(world, 'alice', 'bob', { content: text });
  await using alice = await Listener.open(world, 'alice');
  await using bob = await Listener.open(world, 'bob');
  for (const [index, userID] of ['imAdmin', 'bob', 'alice'].entries()) {
    await world.call(revokeMsg.path, { conversationID: chat, seq: index + 1, userID });
    for (const device of [alice, bob]) {
      const { conversationID, tips } = await device.hear(2101);
      assert.equal(conversationID, 'n_alice_bob');
      assert.partialDeepStrictEqual(tips, { revokerUserID: 'imAdmin', isAdminRevoke: true, seq: index + 1 });
    }
  }
  assert.deepEqual(await typesOf(world, 'bob', chat), [2101, 2101, 2101]);
});

test('9.7 what two pairs of users would share is not taken back for the wrong pair', async (t) => {
  const world = await open(t);
  await world.register('ann', 'lee_bob', 'ann_lee', 'bo');
  const shared = 'si_ann_lee_bob';
  await say(world, 'ann', 'lee_bob', { content: 'one' });
  await world.call(revokeMsg.path, { conversationID: shared, seq: 1, userID: 'imAdmin' });
  assert.deepEqual(await typesOf(world, 'ann', shared), [2101]);
  await say(world, 'ann', 'lee_bob', { content: 'two' });
  await say(world, 'ann_lee', 'bob', { content: 'theirs' });
  assert.equal(await revoke(world, 'ann_lee', shared, 2), 1004);
  const body = { conversationID: shared, seq: 1, userID: 'imAdmin' };
  assert.equal(await codeFor(world, 'imAdmin', revokeMsg.path, body), 1001);
  assert.deepEqual(await typesOf(world, 'ann_lee', shared), [101]);
});

test('F17 what was pushed can be taken back at once', async (t) => {
  const world = await open(t);
  await using bob = await Listener.open(world, 'bob');
  for (let round = 1; round <= 30; round += 1) {
    const sent = say(world, 'alice', 'bob', { content: 'oops' });
    const more = say(world, 'carol', 'bob', { content: 'meanwhile' });
    let pushed = await bob.hear(101, { inChat: true });
    while (pushed.conversationID !== chat) pushed = await bob.hear(101, { inChat: true });
    const body = { conversationID: chat, seq: pushed.message.seq, userID: 'alice' };
    await world.call(revokeMsg.path, body);
    await Promise.all([sent, more]);
  }
  assert.deepEqual(new Set(await typesOf(world, 'bob', chat)), new Set([2101]));
});

test('two who take the same message back at once: one does, the other gets 1404, and one notice goes out', async (t) => {
  const world = await open(t);
  await makeTeam(world, 'team');
  await sayInGroup(world, 'carol', 'team', 'hm');
  const seq = await newestSeq(world, 'alice', 'sg_team');
  await using carol = await Listener.open(world, 'carol');
  const codes = await Promise.all(['alice', 'bob', 'carol'].map((userID) => revoke(world, userID, 'sg_team', seq)));
  assert.deepEqual(codes.sort(), [0, 1404, 1404]);
  assert.deepEqual(
    (await carol.everything(world)).map(({ message }) => message.contentType),
    [2101],
  );
});

test('TESSERA_REVOKE_WITHIN holds for senders, and not for owner and admins of a group, nor for admins of the server', async (t) => {
  const world = await open(t, { TESSERA_REVOKE_WITHIN: '2m' });
  await makeTeam(world, 'team');
  for (const text of ['one', 'two']) await say(world, 'alice', 'bob', { content: text });
  for (const text of ['one', 'two']) await sayInGroup(world, 'carol', 'team', text);
  const newest = await newestSeq(world, 'alice', 'sg_team');
  world.passTime(100_000);
  assert.equal(await revoke(world, 'alice', chat, 1), 0);
  assert.equal(await revoke(world, 'carol', 'sg_team', newest - 1), 0);
  world.passTime(40_000);
  assert.equal(await revoke(world, 'alice', chat, 2), 1002);
  assert.equal(await revoke(world, 'carol', 'sg_team', newest), 1002);
  assert.equal(await revoke(world, 'bob', 'sg_team', newest), 0);
  await world.call(revokeMsg.path, { conversationID: chat, seq: 2, userID: 'imAdmin' });
});

async function open(t: TestContext, settings: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = await World.open(settings);
  t.after(() => world[Symbol.asyncDispose]());
  return world;
}

interface Shown {
  readonly seq: number;
  readonly contentType: number;
  readonly clientMsgID: string;
  readonly serverMsgID: string;
  readonly sendID: string;
  readonly sendTime: number;
  /** base64 */
  readonly content: string;
}

async function pulled(world: World, userID: string, conversationID: string): Promise<readonly [Shown, ...Shown[]]> {
  const seqRanges = [{ conversationID, begin: 1, end: 1000, num: 1000 }];
  const { msgs } = await world.call('/msg/pull_msg_by_seq', { userID, seqRanges, order: 0 });
  return msgs[conversationID].Msgs;
}

async function typesOf(world: World, userID: string, conversationID: string): Promise<number[]> {
  return (await pulled(world, userID, conversationID)).map(({ contentType }) => contentType);
}

async function newestSeq(world: World, userID: string, conversationID: string): Promise<number> {
  return (await world.call('/msg/newest_seq', { userID })).maxSeqs[conversationID];
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the notice tells
function detailOf(message: Shown | undefined): any {
  return JSON.parse(JSON.parse(Buffer.from(message?.content ?? '', 'base64').toString()).detail);
}
