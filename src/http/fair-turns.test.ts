import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairTurns } from './fair-turns.ts';

function openTurns() {
  const time = { nowMs: 0 };
  const turns = new FairTurns({ sliceMs: 10, monotonicMs: () => time.nowMs });
  const served: string[] = [];
  const request = async (caller: string) => {
    await turns.take(caller);
    served.push(caller);
    time.nowMs += 20;
  };
  return { turns, time, served, request };
}

test('with time to spare a request is served as it comes', () => {
  const { turns } = openTurns();
  for (let i = 0; i < 100; i++) assert.equal(turns.take('a'), undefined);
});

test('O2 when there is more to do than fits, callers have their turns, not their requests', async () => {
  const { served, request } = openTurns();
  await request('a');
  await Promise.all([request('a'), request('a'), request('a'), request('b'), request('c'), request('b')]);
  assert.deepEqual(served, ['a', 'a', 'b', 'c', 'a', 'b', 'a']);
});

test('nobody overtakes those who wait', async () => {
  const { turns, time, served, request } = openTurns();
  await request('a');
  const waiting = request('a');
  time.nowMs = 0;
  assert.notEqual(turns.take('b'), undefined);
  await waiting;
  assert.deepEqual(served, ['a', 'a']);
});

test('a turn of the event loop in which little was done leaves nothing behind', async () => {
  const { turns, time } = openTurns();
  turns.take('a');
  await new Promise(setImmediate);
  time.nowMs += 1000;
  assert.equal(turns.take('a'), undefined);
});
