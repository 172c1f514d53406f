/** A sender learns that its messages were read, whatever raised the reader's position: conversations-messages.md 9.8. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fillConversation } from '../support/many-conversations.ts';
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

test('more messages than one receipt names are told in several', async (t) => {
  const world = await open(t);
  await say(world, 'bob', 'alice', 'one');
  fillConversation(world.dataDir, chat, 'bob', 5001);
  await mark(world, 5001);
  const told = await receipts(world, 2);
  assert.deepEqual(
    told.map(({ length }) => length),
    [5000, 1],
  );
  assert.deepEqual(
    told.flat(),
    Array.from({ length: 5001 }, (_, index) => index + 1),
  );
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
async function receipts(world: World, count: number): Promise<number[][]> {
  const seqRanges = [{ conversationID: 'n_alice_bob', begin: 1, end: 100, num: 0 }];
  for (;;) {
    const { notificationMsgs } = await world.call('/msg/pull_msg_by_seq', { userID: 'bob', seqRanges, order: 0 });
    const stored: { content: string }[] = notificationMsgs?.n_alice_bob.Msgs ?? [];
    if (stored.length < count) continue;
    return stored.map(({ content }) => JSON.parse(JSON.parse(Buffer.from(content, 'base64').toString()).detail).seqs);
  }
}
