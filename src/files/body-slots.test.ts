import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodySlots, NoSlot } from './body-slots.ts';

const limits = { maxFileBodies: 3, maxFileBodiesPerUser: 2, maxWaitingFileBodies: 2 };

/** Whether it is there at once. */
async function isThere(slot: Promise<unknown>): Promise<boolean> {
  return Promise.race([slot.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);
}

test('limit maxFileBodiesPerUser: one user has as many as that', async () => {
  const slots = new BodySlots(limits);
  await slots.take('a');
  assert.ok(await isThere(slots.take('a')));
});

test('limit maxFileBodiesPerUser: one more of the user waits for one to end, and holds up nobody else', async () => {
  const slots = new BodySlots(limits);
  const first = await slots.take('a');
  await slots.take('a');
  const third = slots.take('a');
  assert.ok(!(await isThere(third)));
  assert.ok(await isThere(slots.take('b')));
  first.release();
  assert.ok(await isThere(third));
});

test('limit maxFileBodies: all users together have as many as that', async () => {
  const slots = new BodySlots(limits);
  for (const user of ['a', 'b']) await slots.take(user);
  assert.ok(await isThere(slots.take('c')));
});

test('limit maxFileBodies: one more waits, in the order of coming', async () => {
  const slots = new BodySlots(limits);
  const taken = await Promise.all(['a', 'b', 'c'].map((user) => slots.take(user)));
  const waiting = [slots.take('d'), slots.take('e')] as const;
  taken[0]?.release();
  assert.ok(await isThere(waiting[0]));
  assert.ok(!(await isThere(waiting[1])));
});

test('limit maxWaitingFileBodies: as many as that may wait', async () => {
  const slots = new BodySlots({ ...limits, maxFileBodies: 1 });
  const first = await slots.take('a');
  const waiting = [slots.take('b'), slots.take('c')] as const;
  first.release();
  assert.ok(await isThere(waiting[0]));
});

test('limit maxWaitingFileBodies: one more is refused', async () => {
  const slots = new BodySlots({ ...limits, maxFileBodies: 1 });
  for (const user of ['a', 'b', 'c']) void slots.take(user);
  await assert.rejects(slots.take('d'), NoSlot);
});
