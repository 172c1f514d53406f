import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cutoffs } from './cutoffs.ts';
import { EveryonesCutoffs } from './everyones-cutoffs.ts';

/** What the store has, and how often it was asked. */
function over(stored: { cutoffs: Cutoffs; gate?: Promise<unknown> }, isFresh = () => true) {
  let reads = 0;
  const everyones = new EveryonesCutoffs(
    {
      everyonesCutoffs: async () => {
        reads++;
        const answer = stored.cutoffs;
        await stored.gate;
        return answer;
      },
    },
    isFresh,
  );
  return { everyones, reads: () => reads };
}

test('are read once, and kept up to date by what is heard', async () => {
  const { everyones, reads } = over({ cutoffs: new Map([[5, 100]]) });
  assert.deepEqual(await everyones.current(), new Map([[5, 100]]));
  everyones.raise(0, 70);
  everyones.raise(5, 90);
  everyones.raise(5, 110);
  assert.deepEqual(
    await everyones.current(),
    new Map([
      [5, 110],
      [0, 70],
    ]),
  );
  assert.equal(reads(), 1);
  assert.deepEqual(everyones.lastKnown, await everyones.current());
});

test('T4 an answer that was overtaken by news is not kept', async () => {
  const { promise: gate, resolve } = Promise.withResolvers<void>();
  const stored: { cutoffs: Cutoffs; gate?: Promise<unknown> } = { cutoffs: new Map(), gate };
  const { everyones, reads } = over(stored);
  const overtaken = everyones.current();
  stored.cutoffs = new Map([[0, 50]]);
  everyones.raise(0, 50);
  resolve();
  await overtaken;
  assert.deepEqual(await everyones.current(), new Map([[0, 50]]));
  assert.equal(reads(), 2);
});

test('T4 are read every time while news may be missed', async () => {
  const stored = { cutoffs: new Map<number, number>() };
  const { everyones, reads } = over(stored);
  await everyones.current();
  everyones.setHearing(false);
  await everyones.current();
  stored.cutoffs = new Map([[1, 5]]);
  assert.deepEqual(await everyones.current(), new Map([[1, 5]]));
  assert.equal(reads(), 3);
  everyones.setHearing(true);
  stored.cutoffs = new Map([[1, 6]]);
  assert.deepEqual(await everyones.current(), new Map([[1, 6]]), 'what was missed is read');
  await everyones.current();
  assert.equal(reads(), 4);
});

test('T4 an answer from before a loss is not kept after it', async () => {
  const { promise: gate, resolve } = Promise.withResolvers<void>();
  const { everyones, reads } = over({ cutoffs: new Map(), gate });
  const before = everyones.current();
  everyones.setHearing(false);
  everyones.setHearing(true);
  resolve();
  await before;
  await everyones.current();
  assert.equal(reads(), 2);
});

test('T5 defect 14: a failure is passed on and not kept', async () => {
  let isBroken = true;
  const everyones = new EveryonesCutoffs(
    {
      everyonesCutoffs: async () => {
        if (isBroken) throw new Error('connection lost');
        return new Map([[0, 1]]);
      },
    },
    () => true,
  );
  await assert.rejects(everyones.current(), /connection lost/);
  assert.deepEqual(everyones.lastKnown, new Map());
  isBroken = false;
  assert.deepEqual(await everyones.current(), new Map([[0, 1]]));
});

test('T4 are read while the feed is behind, though nobody has said yet that news may be missed', async () => {
  let isFresh = true;
  const stored = { cutoffs: new Map<number, number>() };
  const { everyones, reads } = over(stored, () => isFresh);
  await everyones.current();
  isFresh = false;
  stored.cutoffs = new Map([[0, 50]]);
  assert.deepEqual(await everyones.current(), stored.cutoffs);
  isFresh = true;
  await everyones.current();
  assert.equal(reads(), 2);
});
