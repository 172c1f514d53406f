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

test('with time to spare a request is served as soon as what has arrived has been read', async () => {
  const { turns } = openTurns();
  let isRead = false;
  const all = Array.from({ length: 100 }, () => turns.take('a').then((wasHeldUp) => [wasHeldUp, isRead]));
  await undefined;
  isRead = true;
  assert.deepEqual(
    await Promise.all(all),
    all.map(() => [false, true]),
  );
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
  const servedByTurn = new Set([served.length]);
  const all = Promise.all([request('a', 4), request('b', 4), request('c', 4), request('d', 4)]);
  while (served.length < 5) {
    await new Promise(setImmediate);
    servedByTurn.add(served.length);
  }
  await all;
  assert.deepEqual([...servedByTurn], [1, 4, 5]);
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
  const { time, served, request } = openTurns();
  const waiting = [request('a'), request('a')];
  await waiting[0];
  time.nowMs = 0;
  await Promise.all([...waiting, request('b')]);
  assert.deepEqual(served, ['a', 'a', 'b']);
});

test('says who has waited for longer than a slice', async () => {
  const { turns, time } = openTurns();
  const take = async () => {
    const wasHeldUp = await turns.take('a');
    time.nowMs += 6;
    return wasHeldUp;
  };
  assert.deepEqual(await Promise.all([take(), take(), take(), take(), take()]), [false, false, true, true, true]);
  assert.equal(await take(), false);
});

test('short requests go side by side, more and more of them; large ones, and whatever took long, alone', async () => {
  const { turns, time } = openTurns();
  let running = 0;
  const sideBySide: number[] = [];
  const request = async (bytes: number, takesMs: number) => {
    await turns.take('a', { bytes });
    running++;
    await undefined;
    sideBySide.push(running);
    await undefined;
    running--;
    time.nowMs += takesMs;
  };
  const served = async (...requests: Promise<void>[]) => {
    await Promise.all(requests);
    return sideBySide.splice(0);
  };
  const many = (count: number, bytes: number, takesMs: number) =>
    Array.from({ length: count }, () => request(bytes, takesMs));
  assert.deepEqual(await served(...many(7, 100, 0)), [1, 2, 2, 4, 4, 4, 4]);
  assert.deepEqual(await served(...many(2, 20_000, 0)), [1, 1]);
  assert.deepEqual(await served(...many(40, 100, 0)), [...Array(32).fill(16), ...Array(8).fill(8)]);
  assert.deepEqual(await served(...many(19, 100, 1)), [...Array(16).fill(16), 1, 2, 2]);
});

test('O2 short requests of a user are no way to have as many costly ones side by side', async () => {
  const { turns, time } = openTurns();
  for (let i = 0; i < 5; i++) await turns.take('b');
  const served: string[] = [];
  const request = async (caller: string, isUser: boolean) => {
    await turns.take(caller, { isUser });
    await undefined;
    served.push(`${caller} ${time.nowMs}`);
    await undefined;
    time.nowMs += 1;
  };
  const ofUser = Array.from({ length: 3 }, () => request('user', true));
  await Promise.all([...ofUser, request('admin', false), request('admin', false), request('other', true)]);
  assert.deepEqual(served, ['user 0', 'admin 0', 'other 0', 'user 3', 'admin 4', 'user 4']);
});
