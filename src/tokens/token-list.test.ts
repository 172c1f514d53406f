import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejectsWith } from '../../test/support/token-authority.ts';
import { pageOfTokens } from './token-list.ts';
import type { TokenRecord } from './token-store.ts';

const now = 1_000_000;

function tokenOf(jti: string, fields: Partial<TokenRecord> = {}): TokenRecord {
  return {
    jti,
    userID: 'alice',
    platformID: 1,
    issuedAt: now - 1000,
    expiresAt: now + 1000,
    deviceName: '',
    state: 'live',
    reason: '',
    acceptedUntil: 0,
    lastSeenAt: 0,
    ...fields,
  };
}

function page(tokens: readonly TokenRecord[], { limit = 0, cursor = '', cutoffs = new Map<number, number>() } = {}) {
  return pageOfTokens(tokens, { request: { userID: 'alice', limit, cursor }, cutoffs: [cutoffs], now });
}

/** Four of one millisecond, then one each. */
const many = Array.from({ length: 9 }, (_, i) => tokenOf(`t${i}`, { issuedAt: now - Math.max(0, i - 3) }));

for (const limit of [1, 2, 3, 4, 5, 8, 9, 10, 500]) {
  test(`pages of ${limit} leave out nothing and repeat nothing, newest first`, () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const { tokens, nextCursor } = page(many.toReversed(), { limit, cursor });
      assert.ok(tokens.length <= limit);
      seen.push(...tokens.map(({ jti }) => jti));
      cursor = nextCursor;
    } while (cursor !== '');
    assert.deepEqual(
      seen,
      many.map(({ jti }) => jti),
    );
  });
}

test('goes on after a token that has gone since', () => {
  const { nextCursor } = page(many, { limit: 2 });
  const rest = page(
    many.filter(({ jti }) => jti !== 't1'),
    { cursor: nextCursor },
  );
  assert.deepEqual(
    rest.tokens.map(({ jti }) => jti),
    ['t2', 't3', 't4', 't5', 't6', 't7', 't8'],
  );
});

test('has fifty unless asked otherwise', () => {
  const crowd = Array.from({ length: 51 }, (_, i) => tokenOf(`t${i}`));
  const first = page(crowd);
  assert.equal(first.tokens.length, 50);
  assert.equal(page(crowd, { cursor: first.nextCursor }).tokens.length, 1);
  assert.deepEqual(page([]), { tokens: [], nextCursor: '' });
});

for (const limit of [-1, 501, 1.5, Number.NaN]) {
  test(`a limit of ${limit} is 1001`, () => assert.throws(() => page(many, { limit }), rejectsWith(1001)));
}

for (const cursor of ['x', '1', '1.', '.a', '1.a.b', '-1.a', '1.a b', `${'9'.repeat(17)}.a`, '1.a\n']) {
  test(`a cursor of ${JSON.stringify(cursor)} is 1001`, () => {
    assert.throws(() => page(many, { cursor }), rejectsWith(1001));
  });
}

test('cursors take the names of tokens that OpenIM issued', () => {
  const { nextCursor } = page([tokenOf('h:a-_Z'), tokenOf('t1')], { limit: 1 });
  assert.deepEqual(
    page([tokenOf('h:a-_Z'), tokenOf('t1')], { cursor: nextCursor }).tokens.map(({ jti }) => jti),
    ['t1'],
  );
});

test('shows an accepted token that a cutoff has ended as revoked, and others as they are', () => {
  const cutoffs = new Map([[1, now - 999]]);
  const shown = page(
    [
      tokenOf('live'),
      tokenOf('superseded', { state: 'superseded', acceptedUntil: now + 500 }),
      tokenOf('kicked', { state: 'kicked', reason: 'policy' }),
      tokenOf('elsewhere', { platformID: 5 }),
      tokenOf('later', { issuedAt: now - 999 }),
    ],
    { cutoffs },
  ).tokens;
  const byName = Object.fromEntries(
    shown.map(({ jti, state, reason, acceptedUntil }) => [jti, [state, reason, acceptedUntil]]),
  );
  assert.deepEqual(byName, {
    live: ['revoked', 'revoked', 0],
    superseded: ['revoked', 'revoked', 0],
    kicked: ['kicked', 'policy', 0],
    elsewhere: ['live', '', 0],
    later: ['live', '', 0],
  });
});

test('a superseded token is accepted for so long, and from then on no more', () => {
  const until = (acceptedUntil: number) =>
    page([tokenOf('a', { state: 'superseded', acceptedUntil })]).tokens.map((token) => token.acceptedUntil)[0];
  assert.deepEqual([until(now + 1), until(now)], [now + 1, 0]);
});
