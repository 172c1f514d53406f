/** A sender learns that its messages were read, whatever raised the reader's position: conversations-messages.md 9.8. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import markMsgsAsRead from '../../src/http/routes/msg/mark_msgs_as_read.ts';
import { fillConversation } from '../support/many-conversations.ts';
import { within } from '../support/within.ts';
import { makeTeam, say as sayInGroup } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const chat = 'si_alice_bob';

const say = (world: World, sendID: string, recvID: string, text: string) =>
  world.call('/msg/send_msg', { sendID, recvID, contentType: 101, sessionType: 1, content: { content: text } });

const mark = (world: World, hasReadSeq: number, seqs: number[] = []) =>
  world.call('/msg/mark_conversation_as_read', { userID: 'alice', conversationID: chat, hasReadSeq, seqs });

const passedOver: readonly [name: string, raise: (world: World) => Promise<unknown>, hasReadSeq: number][] = [
  ['nothing', async () => undefined, 3],
  ['an own reply', (world) => say(world, 'alice', 'bob', 'answer'), 4],
  [
    'set_conversation_has_read_seq',
    (world) =>
      world.call('/msg/set_conversation_has_read_seq', { userID: 'alice', conversationID: chat, hasReadSeq: 3 }),
    3,
  ],
];

for (const [name, raise, hasReadSeq] of passedOver) {
  test(`after ${name} has raised the position, reading marks and tells everything up to it`, async (t) => {
    const world = await open(t);
    for (const text of ['one', 'two', 'three']) await say(world, 'bob', 'alice', text);
    await raise(world);
    await mark(world, hasReadSeq);
    assert.deepEqual(await readSeqs(world), [1, 2, 3]);
    assert.deepEqual(await receipts(world, 1), [[1, 2, 3]]);

    await say(world, 'bob', 'alice', 'more');
    await mark(world, hasReadSeq + 1);
    assert.deepEqual(await receipts(world, 2), [[1, 2, 3], [hasReadSeq + 1]]);
  });
}

test('a reading that tells nothing new sends no receipt, and one that lists seqs sends them again', async (t) => {
  const world = await open(t);
  for (const text of ['one', 'two']) await say(world, 'bob', 'alice', text);
  await mark(world, 2);
  await mark(world, 2);
  await mark(world, 2, [2]);
  assert.deepEqual(await receipts(world, 2), [[1, 2], [2]]);
});

test('a position above the newest message is the newest message, and later ones are not read', async (t) => {
  const world = await open(t);
  await say(world, 'bob', 'alice', 'one');
  await mark(world, 1_000_000);
  await say(world, 'bob', 'alice', 'two');
  const positions = await world.call('/msg/get_conversations_has_read_and_max_seq', { userID: 'alice' });
  assert.deepEqual([positions.seqs[chat].hasReadSeq, positions.seqs[chat].maxSeq], [1, 2]);
  assert.deepEqual(await readSeqs(world), [1]);
  await mark(world, 2);
  assert.deepEqual(await receipts(world, 2), [[1], [2]]);
});

test('T1: the send time never falls within a conversation, notices included, when the clock is set back', async (t) => {
  const world = await open(t);
  const first = await say(world, 'bob', 'alice', 'one');
  await mark(world, 1);
  await receipts(world, 1);
  world.passTime(-3_600_000);
  const second = await say(world, 'bob', 'alice', 'two');
  assert.equal(second.sendTime, first.sendTime);
  await mark(world, 2);
  await receipts(world, 2);
  const seqRanges = [chat, 'n_alice_bob'].map((conversationID) => ({ conversationID, begin: 1, end: 9, num: 9 }));
  const pulled = await world.call('/msg/pull_msg_by_seq', { userID: 'bob', seqRanges, order: 0 });
  for (const { Msgs } of [pulled.msgs[chat], pulled.notificationMsgs.n_alice_bob]) {
    const [one, two] = Msgs.map(({ sendTime }: { sendTime: number }) => sendTime);
    assert.ok(two >= one, `${two} after ${one}`);
  }
});

test('O1 many messages are marked and told of in steps, and others have their turn between them', async (t) => {
  const world = await open(t);
  await say(world, 'bob', 'alice', 'one');
  fillConversation(world.dataDir, chat, 'bob', 2001);
  const marked = mark(world, 2001);
  await receipts(world, 1);
  // It need not wait for what is left.
  await say(world, 'bob', 'carol', 'meanwhile');
  await marked;
  assert.deepEqual(await receipts(world, 3), [range(1, 1000), range(1001, 2000), [2001]]);
});

test('O1 a step that fails leaves what is left to the next reading', async (t) => {
  const world = await open(t);
  await say(world, 'bob', 'alice', 'one');
  fillConversation(world.dataDir, chat, 'bob', 1500);
  using database = new DatabaseSync(join(world.dataDir, 'tessera.db'));
  database.exec(`CREATE TRIGGER fails BEFORE UPDATE OF is_read ON messages WHEN NEW.seq > 1000
    BEGIN SELECT RAISE(ABORT, 'on purpose'); END`);
  await assert.rejects(mark(world, 1500), /500/);
  assert.deepEqual(await receipts(world, 1), [range(1, 1000)]);
  database.exec('DROP TRIGGER fails');
  await mark(world, 1500);
  assert.deepEqual(await receipts(world, 2), [range(1, 1000), range(1001, 1500)]);
});

test('more messages than one receipt names are told in several', async (t) => {
  const world = await open(t);
  await say(world, 'bob', 'alice', 'one');
  fillConversation(world.dataDir, chat, 'bob', 5001);
  await markMsgs(world, 'alice', chat, ...range(1, 5001));
  assert.deepEqual(await receipts(world, 2), [range(1, 5000), [5001]]);
});

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

const asked = { userID: 'alice', conversationID: chat };
const markMsgs = (world: World, userID: string, conversationID: string, ...seqs: number[]) =>
  world.call(markMsgsAsRead.path, { userID, conversationID, seqs });

testEndpoint(
  markMsgsAsRead,
  [
    ...[
      { ...asked, seqs: [] },
      { ...asked, seqs: [0] },
      { ...asked, seqs: [-1, 1] },
      { ...asked, seqs: [1, 4] },
      { userID: 'alice', seqs: [1] },
    ].map((body) => ({
      name: `${JSON.stringify(body)} is 1001`,
      token: 'user' as const,
      body,
      expect: { errCode: 1001 },
    })),
    { name: "M5 another user's: 1002", token: 'other', body: { ...asked, seqs: [1] }, expect: { errCode: 1002 } },
    {
      name: 'a conversation that the user does not have: 1004',
      token: 'user',
      body: { userID: 'alice', conversationID: 'si_bob_carol', seqs: [1] },
      expect: { errCode: 1004 },
    },
    {
      name: '9.8 marks and tells those named, and leaves those between for the next reading',
      token: 'user',
      body: { ...asked, seqs: [9, 1, 3] },
      expect: {
        errCode: 0,
        data: async (_: never, world: World) => {
          assert.deepEqual(await readSeqs(world), [1, 3]);
          assert.deepEqual(await receipts(world, 1), [[1, 3]]);
          await mark(world, 3);
          assert.deepEqual(await receipts(world, 2), [[1, 3], [2]]);
        },
      },
    },
  ],
  {
    setUp: async (world) => {
      for (const text of ['one', 'two', 'three']) await say(world, 'bob', 'alice', text);
      await say(world, 'carol', 'bob', 'not of alice');
    },
  },
);

test('9.8 in a group all who are in it are told, of what is there; of one that was left only the own devices', async (t) => {
  const world = await open(t);
  await makeTeam(world, 'team');
  await sayInGroup(world, 'alice', 'team', 'hi');
  await using bob = await Listener.open(world, 'bob');
  await using carol = await Listener.open(world, 'carol');
  await markMsgs(world, 'carol', 'sg_team', 99, 2);
  for (const device of [bob, carol]) {
    const { conversationID, tips } = await device.hear(2200);
    const receipt = { markAsReadUserID: 'carol', conversationID: 'sg_team', seqs: [2], hasReadSeq: 2 };
    assert.deepEqual([conversationID, tips], ['n_team', receipt]);
  }
  await world.call('/group/kick_group', { groupID: 'team', kickedUserIDs: ['carol'] });
  await bob.everything(world);
  await markMsgs(world, 'carol', 'sg_team', 1);
  assert.equal((await carol.hear(2200)).conversationID, 'n_carol_carol');
  assert.deepEqual(await bob.everything(world), []);
});

test('9.8 a peer is not told of messages that it cannot read, and the own devices are in any case', async (t) => {
  const world = await open(t);
  await say(world, 'bob', 'alice', 'one');
  await using alice = await Listener.open(world, 'alice');
  await using bob = await Listener.open(world, 'bob');
  await world.call('/conversation/delete_conversations', { ownerUserID: 'bob', conversationIDs: [chat] });
  await mark(world, 1);
  const { conversationID, tips } = await alice.hear(2200);
  assert.deepEqual([conversationID, tips.seqs, tips.hasReadSeq], ['n_alice_alice', [1], 1]);
  assert.deepEqual(await bob.everything(world), []);
});

async function open(t: TestContext): Promise<World> {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  return world;
}

/** Seqs of bob's messages that are marked as read. */
async function readSeqs(world: World): Promise<number[]> {
  const seqRanges = [{ conversationID: chat, begin: 1, end: 100, num: 100 }];
  const { msgs } = await world.call('/msg/pull_msg_by_seq', { userID: 'bob', seqRanges, order: 0 });
  const stored: { seq: number; isRead: boolean }[] = msgs[chat].Msgs;
  return stored.filter(({ isRead }) => isRead).map(({ seq }) => seq);
}

/** The seqs of each receipt that bob got, in their order, once there are `count`. */
function receipts(world: World, count: number): Promise<number[][]> {
  return within(`${count} receipts`, untilStored(world, count));
}

async function untilStored(world: World, count: number): Promise<number[][]> {
  const seqRanges = [{ conversationID: 'n_alice_bob', begin: 1, end: 100, num: 0 }];
  for (;;) {
    const { notificationMsgs } = await world.call('/msg/pull_msg_by_seq', { userID: 'bob', seqRanges, order: 0 });
    const stored: { content: string }[] = notificationMsgs?.n_alice_bob.Msgs ?? [];
    if (stored.length < count) continue;
    return stored.map(({ content }) => JSON.parse(JSON.parse(Buffer.from(content, 'base64').toString()).detail).seqs);
  }
}
