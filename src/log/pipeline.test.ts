/** How messages leave the log, over a store that answers when the test says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MsgData } from '../protocol/gen/openim.ts';
import { newMsgData } from '../protocol/message.ts';
import type { Delivery } from './delivery.ts';
import { GroupCommit } from './group-commit.ts';
import { type Appended, type MessageRef, messagesOf } from './message-store.ts';
import { MessagePipeline } from './pipeline.ts';

test('M2 what one turn stores leaves in order of its seqs, whichever promise is kept first', async () => {
  const first = Promise.withResolvers<Appended[]>();
  const delivered: Delivery[] = [];
  const pipeline = new MessagePipeline({
    commits: new GroupCommit({ store: { append: () => first.promise }, lanes: 1, maxBatch: 10 }),
    messages: { appendWithin: async (_tx, batch) => batch.map(() => stored(2)) },
    bus: { deliver: (delivery) => delivered.push(delivery), deliverAgain: () => {} },
    newMessageID: () => 'id',
    now: () => 1,
  });
  const outgoing = { message: newMsgData({ sendID: 'a', groupID: 'g', sessionType: 3 }), audience, operationID: 'op' };
  const accepted = pipeline.accept(outgoing);
  await nextTurn();

  const effects: (() => void | Promise<void>)[] = [];
  const [within] = await pipeline.acceptWithin({ afterCommit: (effect) => effects.push(effect) }, [outgoing]);
  assert.equal(within?.seq, 2);
  for (const effect of effects) await effect();
  first.resolve([stored(1)]);
  await accepted;
  await nextTurn();
  assert.deepEqual(
    delivered.map(({ body }) => MsgData.decode(body).seq),
    [1, 2],
  );
});

test('M4 a repeat is given to the bus to deliver, unless it comes so late that nobody can have missed it', async () => {
  const again: MessageRef[] = [];
  let now = 1;
  const pipeline = new MessagePipeline({
    commits: new GroupCommit({
      store: { append: async () => [{ ...stored(7), isDuplicate: true }] },
      lanes: 1,
      maxBatch: 10,
    }),
    messages: { appendWithin: async () => [] },
    bus: { deliver: () => assert.fail('it was stored before'), deliverAgain: (ref) => again.push(ref) },
    newMessageID: () => 'id',
    now: () => now,
  });
  const outgoing = { message: newMsgData({ sendID: 'a', groupID: 'g', sessionType: 3 }), audience, operationID: 'op' };
  await pipeline.accept(outgoing);
  assert.deepEqual(again, [{ logID: 'sg_g', seq: 7 }]);
  now += 60_000;
  await pipeline.accept(outgoing);
  assert.equal(again.length, 1);
});

test('O2 what has left is not kept beyond a collection of young memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void;
  const pipeline = new MessagePipeline({
    commits: new GroupCommit({
      store: { append: async (batch) => messagesOf(batch).map(() => stored(1)) },
      lanes: 1,
      maxBatch: 10,
    }),
    messages: { appendWithin: async () => [] },
    bus: { deliver: () => {}, deliverAgain: () => {} },
    newMessageID: () => 'id',
    now: () => 1,
  });
  const message = newMsgData({ sendID: 'a', groupID: 'g', sessionType: 3 });
  const sendOne = () => pipeline.accept({ message, audience: { users: Array(4000).fill('a') }, operationID: 'op' });
  await sendOne();
  await nextTurn();
  // Whatever the pipeline keeps its next messages in has grown old.
  collect();
  const before = oldBytes();
  for (let sent = 0; sent < 500; sent += 1) {
    await sendOne();
    await nextTurn();
    if (sent % 20 === 0) collect({ type: 'minor' });
  }
  // Of 16 MB that they name.
  assert.ok(oldBytes() - before < 2.5e6, `${oldBytes() - before} bytes have grown old`);
});

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0;
}

const audience = { group: 'g' };

function stored(seq: number): Appended {
  const body = Buffer.from(MsgData.encode(newMsgData({ seq })).finish());
  return { seq, serverMsgID: 'id', sentAt: 1, isDuplicate: false, isRefused: false, body };
}
