import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairTurns } from './fair-turns.ts';

function openTurns() {
  const time = { nowMs: 0 };
  const turns = new FairTurns({ sliceMs: 10, monotonicMs: () => time.nowMs });
  const served: string[] = [];
  const request = async (caller: string, takesMs = 20) => {
    await turns.take(caller);
    served.push(caller);
    time.nowMs += takesMs;
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

test('those who wait are served one after the other for as long as their time lasts', async () => {
  const { served, request } = openTurns();
  await request('a');
  const servedPerTurn = [served.length];
  const all = Promise.all([request('a', 4), request('b', 4), request('c', 4), request('d', 4)]);
  while (served.length < 5) {
    await new Promise(setImmediate);
    servedPerTurn.push(served.length);
  }
  await all;
  assert.deepEqual(servedPerTurn, [1, 4, 5]);
});

test('O2 work that goes on after a pause for promises counts as well', async () => {
  const { turns, time, served, request } = openTurns();
  await request('a');
  const slow = async () => {
    await turns.take('b');
    for (let i = 0; i < 5; i++) await undefined;
    time.nowMs += 20;
  };
  const all = Promise.all([slow(), request('c')]);
  await new Promise(setImmediate);
  assert.deepEqual(served, ['a']);
  await all;
  assert.deepEqual(served, ['a', 'c']);
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
