import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LastSeen } from './last-seen.ts';
import type { Session } from './session.ts';

function use(userID: string, jti: string): Session {
  return {
    userID,
    jti,
    platformID: 1,
    isAdmin: false,
    issuedAt: 0,
    loginAt: 0,
    expiresAt: 9,
    endsAt: 9,
    isSuperseded: false,
    kid: 'k',
  };
}

test('stores each token that was used once, by user, as seen at the flush', async () => {
  const touched: unknown[] = [];
  let now = 1000;
  const lastSeen = new LastSeen({ touch: async (...call) => void touched.push(call) }, () => now);
  for (const [userID, jti] of [
    ['u', 'a'],
    ['v', 'c'],
    ['u', 'b'],
    ['u', 'a'],
  ] as const)
    lastSeen.note(use(userID, jti));
  now = 2000;
  await lastSeen.flush();
  assert.deepEqual(touched.splice(0), [
    ['u', ['a', 'b'], 2000],
    ['v', ['c'], 2000],
  ]);
  await lastSeen.flush();
  assert.deepEqual(touched, []);
});

test('what is used while a flush is under way is stored by the next', async () => {
  const touched: string[] = [];
  const lastSeen: LastSeen = new LastSeen(
    {
      touch: async (_userID, jtis) => {
        touched.push(...jtis);
        lastSeen.note(use('u', 'b'));
      },
    },
    () => 0,
  );
  lastSeen.note(use('u', 'a'));
  await lastSeen.flush();
  assert.deepEqual(touched.splice(0), ['a']);
  await lastSeen.flush();
  assert.deepEqual(touched, ['b']);
});

test('keeps the store free for others: twenty calls at a time', async () => {
  let [running, most] = [0, 0];
  const lastSeen = new LastSeen(
    {
      touch: async () => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
      },
    },
    () => 0,
  );
  for (let i = 0; i < 500; i++) lastSeen.note(use(`u${i}`, 'a'));
  await lastSeen.flush();
  assert.deepEqual([most, running], [20, 0]);
});

test("passes on the store's failure", async () => {
  const lastSeen = new LastSeen({ touch: () => Promise.reject(new Error('connection lost')) }, () => 0);
  lastSeen.note(use('u', 'a'));
  await assert.rejects(lastSeen.flush(), /connection lost/);
  await lastSeen.flush();
});

test('O2 notes no more than 200 000 users between two flushes', async () => {
  let count = 0;
  const lastSeen = new LastSeen({ touch: async () => void count++ }, () => 0);
  for (let i = 0; i < 200_010; i++) lastSeen.note(use(`u${i}`, 'a'));
  await lastSeen.flush();
  assert.equal(count, 200_000);
});
