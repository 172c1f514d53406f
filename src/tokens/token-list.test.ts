import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejectsWith } from '../../test/support/token-authority.ts';
import { keyID } from '../protocol/key-id.ts';
import { keyMark, SigningKeys } from './signing-keys.ts';
import { pageAsked, showTokens } from './token-list.ts';
import type { TokenRecord } from './token-store.ts';

const now = 1_000_000;
const keys = new SigningKeys(['one', 'two']);
const markOf = (secret: string) => keyMark(keyID(secret));

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

function show(tokens: readonly TokenRecord[], everyones = new Map<number, number>()) {
  return showTokens({ tokens, cutoffs: new Map() }, { everyones, keys, now });
}

const request = { userID: 'alice', cursor: '', limit: 0 };

test('has fifty unless asked otherwise, and goes on where the page before ended', () => {
  assert.deepEqual(pageAsked(request), { limit: 50, after: undefined });
  const next = { issueOrder: now, jti: 't1' };
  const { nextCursor } = showTokens({ tokens: [], next, cutoffs: new Map() }, { everyones: new Map(), keys, now });
  assert.deepEqual(pageAsked({ ...request, cursor: nextCursor, limit: 500 }), { limit: 500, after: next });
  assert.equal(show([]).nextCursor, '');
});

for (const limit of [-1, 501, 1.5, Number.NaN]) {
  test(`a limit of ${limit} is 1001`, () => assert.throws(() => pageAsked({ ...request, limit }), rejectsWith(1001)));
}

for (const cursor of ['x', '1', '1.', '.a', '1.a.b', '-1.a', '1.a b', `${'9'.repeat(17)}.a`, '1.a\n']) {
  test(`a cursor of ${JSON.stringify(cursor)} is 1001`, () => {
    assert.throws(() => pageAsked({ ...request, cursor }), rejectsWith(1001));
  });
}

test('cursors take the names of tokens that OpenIM issued', () => {
  assert.deepEqual(pageAsked({ ...request, cursor: '1.h:a-_Z' }).after, { issueOrder: 1, jti: 'h:a-_Z' });
});

test('shows an accepted token that a cutoff has ended as revoked, and others as they are', () => {
  const cutoffs = new Map([[1, now - 999]]);
  const shown = show(
    [
      tokenOf('live'),
      tokenOf('superseded', { state: 'superseded', acceptedUntil: now + 500 }),
      tokenOf('kicked', { state: 'kicked', reason: 'policy' }),
      tokenOf('elsewhere', { platformID: 5 }),
      tokenOf('later', { issuedAt: now - 999 }),
    ],
    cutoffs,
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
    show([tokenOf('a', { state: 'superseded', acceptedUntil })]).tokens.map((token) => token.acceptedUntil)[0];
  assert.deepEqual([until(now + 1), until(now)], [now + 1, 0]);
});

test('says of which tokens the key no longer verifies; of one whose key nobody noted, nothing', () => {
  const { tokens } = show([
    tokenOf('signing', { keyMark: markOf('one') }),
    tokenOf('verifying', { keyMark: markOf('two') }),
    tokenOf('gone', { keyMark: markOf('three') }),
    tokenOf('earlier'),
  ]);
  const retired = tokens.filter(({ isKeyRetired }) => isKeyRetired).map(({ jti }) => jti);
  assert.deepEqual(retired, ['gone']);
});
