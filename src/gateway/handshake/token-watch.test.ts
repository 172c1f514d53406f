import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenEvents } from '../../tokens/events.ts';
import type { Session } from '../../tokens/session.ts';
import { isCutOff, TokenWatch } from './token-watch.ts';

const by = { userID: '', operationID: '' };
const token: Session = {
  userID: 'alice',
  platformID: 1,
  jti: 'a',
  isAdmin: false,
  issuedAt: 1000,
  loginAt: 1000,
  expiresAt: 9000,
  endsAt: 9000,
  isSuperseded: false,
  kid: 'k',
};

function watching() {
  const events = new TokenEvents((error) => assert.fail(String(error)));
  const watch = new TokenWatch(events);
  return {
    events,
    watch,
    end: (...jtis: string[]) =>
      events.emit('tokensEnded', { userID: 'alice', platformID: 1, jtis, reason: 'policy', origin: 'elsewhere', by }),
    supersede: (acceptedUntil: number, ...jtis: string[]) =>
      events.emit('tokensSuperseded', { userID: 'alice', jtis, acceptedUntil, origin: 'elsewhere' }),
    cutOff: (userID: string, platformID: number, notBefore: number) =>
      events.emit('cutoffRaised', { userID, platformID, notBefore, origin: 'elsewhere', by }),
  };
}

test('T4 a token that ended meanwhile has ended, others have not', () => {
  const { watch, end } = watching();
  end('b', 'c');
  assert.equal(watch.endOf(token), Number.POSITIVE_INFINITY);
  end('b', 'a');
  assert.equal(watch.endOf(token), Number.NEGATIVE_INFINITY);
});

test('T7 a token that was superseded meanwhile ends with its grace, the shortest that was heard of', () => {
  const { watch, supersede, end } = watching();
  supersede(5000, 'a');
  assert.equal(watch.endOf(token), 5000);
  supersede(6000, 'a');
  assert.equal(watch.endOf(token), 5000);
  end('a');
  supersede(7000, 'a');
  assert.equal(watch.endOf(token), Number.NEGATIVE_INFINITY);
});

test('T4 a token that was cut off meanwhile has ended', () => {
  const { watch, cutOff } = watching();
  cutOff('alice', 1, 1000);
  assert.equal(watch.endOf(token), Number.POSITIVE_INFINITY);
  cutOff('alice', 0, 1001);
  assert.equal(watch.endOf(token), Number.NEGATIVE_INFINITY);
});

test('hears nothing of before or after', () => {
  const { events, watch, end } = watching();
  {
    using later = new TokenWatch(events);
    assert.equal(later.endOf(token), Number.POSITIVE_INFINITY);
  }
  watch[Symbol.dispose]();
  end('a');
  assert.equal(watch.endOf(token), Number.POSITIVE_INFINITY);
});

const cutoffs: readonly [string, Parameters<typeof isCutOff>[1], boolean][] = [
  ["the user's, on every platform", cutoffOf('alice', 0, 1001), true],
  ["the user's, on the token's platform", cutoffOf('alice', 1, 1001), true],
  ["everyone's, on every platform", cutoffOf('', 0, 1001), true],
  ["everyone's, on the token's platform", cutoffOf('', 1, 1001), true],
  ['one at the very instant of issue', cutoffOf('alice', 0, 1000), false],
  ["another user's", cutoffOf('bob', 0, 1001), false],
  ["the user's, on another platform", cutoffOf('alice', 2, 1001), false],
  ["everyone's, on another platform", cutoffOf('', 2, 1001), false],
  ["the user's that spares another one", { ...cutoffOf('alice', 0, 1001), spares: 'other' }, true],
  ["the user's that spares this one", { ...cutoffOf('alice', 0, 1001), spares: token.jti }, false],
  ["another user's that spares one", { ...cutoffOf('bob', 0, 1001), spares: 'other' }, false],
  ["the user's that spares one, on another platform", { ...cutoffOf('alice', 2, 1001), spares: 'other' }, false],
];
for (const [whose, cutoff, expected] of cutoffs) {
  test(`a cutoff, ${whose}, ${expected ? 'ends' : 'does not end'} a token`, () => {
    assert.equal(isCutOff(token, cutoff), expected);
  });
}

function cutoffOf(userID: string, platformID: number, notBefore: number): Parameters<typeof isCutOff>[1] {
  return { userID, platformID, notBefore, origin: 'here', by };
}
