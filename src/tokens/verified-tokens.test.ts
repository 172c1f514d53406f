import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from './session.ts';
import { VerifiedTokens } from './verified-tokens.ts';

const now = 1_000_000;
const ttlMs = 10_000;

function sessionOf(jti: string, endsAt = now + 3_600_000): Session {
  const times = { issuedAt: now, loginAt: now, expiresAt: endsAt, endsAt };
  return { userID: 'alice', platformID: 1, jti, isAdmin: false, ...times, isSuperseded: false, kid: 'k' };
}

function cacheOf(maxTokens: number, ...jtis: string[]) {
  const cache = new VerifiedTokens({ maxTokens, ttlMs });
  const put = (jti: string, snapshot = cache.snapshot(), token = `token-${jti}`) =>
    cache.put(token, sessionOf(jti), snapshot, now);
  for (const jti of jtis) put(jti);
  return { cache, put, has: (jti: string, at = now) => cache.get(`token-${jti}`, at, at)?.jti === jti };
}

test('gives back a session for its time and not longer', () => {
  const { has } = cacheOf(10, 'a');
  assert.deepEqual([has('a'), has('a', now + ttlMs - 1), has('a', now + ttlMs), has('b')], [true, true, false, false]);
});

test('T1 T7 no longer than the session itself lasts', () => {
  const { cache } = cacheOf(10);
  const session = sessionOf('a', now + 500);
  cache.put('token', session, cache.snapshot(), now);
  assert.equal(cache.get('token', now + 499, now), session);
  assert.equal(cache.get('token', now + 500, now), undefined);
});

test('O2 is bounded, the one that came in first going first', () => {
  const { has, put } = cacheOf(3, 'a', 'b', 'c');
  put('a'); // comes in anew
  put('d');
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((jti) => has(jti)),
    [true, false, true, true],
  );
});

test('remembers nothing with no room', () => {
  assert.equal(cacheOf(0, 'a').has('a'), false);
  assert.equal(cacheOf(-1, 'a').has('a'), false);
});

test('T4 drops what it is told to, and nothing else', () => {
  const { cache, has } = cacheOf(10, 'a', 'b', 'c');
  cache.drop(['a', 'c', 'unknown']);
  assert.deepEqual([has('a'), has('b'), has('c')], [false, true, false]);
  cache.clear();
  assert.equal(has('b'), false);
});

test('T4 drops every spelling of a token', () => {
  const { cache, put } = cacheOf(10);
  for (const spelling of ['x.y.sigA', 'x.y.sigB', 'x.y.sigC']) put('a', cache.snapshot(), spelling);
  cache.drop(['a']);
  for (const spelling of ['x.y.sigA', 'x.y.sigB', 'x.y.sigC']) assert.equal(cache.get(spelling, now, now), undefined);
});

test('T4 an answer that was overtaken by the end of a token is not remembered', () => {
  const { cache, has, put } = cacheOf(10);
  for (const overtake of [() => cache.drop(['a']), () => cache.clear(), () => cache.setHearing(true)]) {
    const snapshot = cache.snapshot();
    overtake();
    put('a', snapshot);
    assert.equal(has('a'), false);
  }
  put('a');
  assert.equal(has('a'), true);
});

test('T4 remembers nothing while the end of tokens may be missed, also nothing from before', () => {
  const { cache, has, put } = cacheOf(10, 'a');
  const before = cache.snapshot();
  cache.setHearing(false);
  put('b');
  assert.deepEqual([has('a'), has('b')], [false, false]);
  cache.setHearing(true);
  put('c', before);
  assert.deepEqual([has('a'), has('c')], [false, false]);
  put('c');
  assert.equal(has('c'), true);
});

test('T4 an answer is kept where something else was dropped meanwhile, and not where it was that token or its user', () => {
  const { cache, has, put } = cacheOf(10, 'a', 'b', 'c');
  const before = cache.snapshot();
  cache.drop(['a']);
  put('a', before);
  put('b', before);
  assert.deepEqual([has('a'), has('b')], [false, true]);
  cache.dropUser('alice');
  put('c', before);
  assert.deepEqual([has('b'), has('c')], [false, false]);
  cache.dropUser('bob');
  put('c');
  assert.equal(has('c'), true);
});

test('T4 of drops beyond what is remembered one by one, every older answer is refused', () => {
  const { cache, has, put } = cacheOf(10);
  const before = cache.snapshot();
  for (let i = 0; i <= 10_000; i++) cache.drop([`other${i}`]);
  put('a', before);
  assert.equal(has('a'), false);
  put('a', cache.snapshot() - 1);
  assert.equal(has('a'), true);
});

test('T4 an answer older than a clearing is refused, however many drops come after that', () => {
  const { cache, has, put } = cacheOf(10);
  const before = cache.snapshot();
  cache.clear();
  for (let i = 0; i < 5000; i++) cache.drop([`other${i}`]);
  put('a', before);
  assert.equal(has('a'), false);
});

test('serves no longer when the clock is set back, and goes with its token when it is set forward', () => {
  const { cache } = cacheOf(10, 'a');
  assert.equal(cache.get('token-a', now - 30_000, now + ttlMs - 1)?.jti, 'a');
  assert.equal(cache.get('token-a', now - 30_000, now + ttlMs), undefined);
  assert.equal(cache.get('token-a', now + 3_600_000, now + 1), undefined);
});
