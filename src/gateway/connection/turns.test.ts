/** Whose turn it is, with a clock that only the requests of this test move. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sliceMs } from '../../kernel/time-slices.ts';
import { Turns } from './turns.ts';

/** Requests that take the time they say, and the order in which they were served. */
function scene(t: TestContext) {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const turns = new Turns();
  const served: string[] = [];
  const add = (userID: string, costMs: number, name = userID) =>
    turns.add(userID, () => {
      now += costMs;
      served.push(name);
    });
  const untilServed = async (count: number) => {
    while (served.length < count) await new Promise(setImmediate);
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { add, served, untilServed, pass };
}

test('O1: users take turns, however many sockets one of them has', async (t) => {
  const { add, served, untilServed } = scene(t);
  for (let socket = 0; socket < 5; socket++) add('mallory', 0);
  add('alice', 0);
  await untilServed(6);
  assert.deepEqual(served.slice(0, 3), ['mallory', 'alice', 'mallory']);
});

test('O1: after a slice of time everything else has its turn', async (t) => {
  const { add, served, untilServed } = scene(t);
  for (let i = 0; i < 4; i++) add('alice', sliceMs / 2);
  setImmediate(() => served.push('others'));
  await untilServed(5);
  assert.deepEqual(served, ['alice', 'alice', 'others', 'alice', 'alice']);
});

test('O1: who has used up the budget of CPU time waits behind all who have not, but not for ever', async (t) => {
  const { add, served, untilServed } = scene(t);
  for (let i = 0; i < 3; i++) {
    add('mallory', 200);
    await untilServed(i + 1);
  }
  served.length = 0;
  for (let i = 0; i < 3; i++) add('mallory', 0);
  for (let i = 0; i < 20; i++) add(`user ${i}`, 0);
  await untilServed(23);
  const first = served.indexOf('mallory');
  assert.ok(first >= 4 && first < 12, `as number ${first}`);
});

test('O1: what a request goes on to do after an await is its own cost', async (t) => {
  const { add, served, untilServed, pass } = scene(t);
  const turns = new Turns();
  const later = (userID: string, costMs: number) =>
    turns.add(userID, () => {
      void Promise.resolve().then(() => {
        pass(costMs);
        served.push(userID);
      });
    });
  // The next one's beginning tells how long the one before took.
  later('mallory', 500);
  later('alice', 0);
  await untilServed(2);
  served.length = 0;
  later('mallory', 0);
  later('mallory', 0);
  for (let i = 0; i < 3; i++) later(`user ${i}`, 0);
  add('other', 0);
  await untilServed(6);
  assert.notEqual(served[0], 'mallory');
});

test('time pays the budget back', async (t) => {
  const { add, served, untilServed, pass } = scene(t);
  add('mallory', 500);
  await untilServed(1);
  pass(10_000);
  served.length = 0;
  add('mallory', 0);
  add('alice', 0);
  await untilServed(2);
  assert.deepEqual(served, ['mallory', 'alice']);
});
