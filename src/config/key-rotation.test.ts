import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keyID } from '../protocol/key-id.ts';
import { addPrepared, initialKeys, type KeyList, kidOf, promote, retirableAt, retire } from './key-rotation.ts';

const adminSecret = 'the admin secret of the test';
const start = Date.UTC(2030, 0, 1);
const dayMs = 86_400_000;
const longestTtlMs = 90 * dayMs;
const noticedWithinMs = 60_000;
const [first, second] = ['a'.repeat(43), 'b'.repeat(43)];

const at = (now: number, ttlMs = longestTtlMs) => ({ now, longestTtlMs: ttlMs });
const rotate = (keys: KeyList, secret: string, now: number): KeyList =>
  promote(addPrepared(keys, secret, at(now)), keyID(secret), adminSecret, at(now));
const statesOf = (keys: KeyList) => keys.map((key) => [kidOf(key, adminSecret), key.state]);
const refusal = (message: RegExp) => ({ name: 'KeyRefusal', message });

describe('rotating', () => {
  test('makes the new key sign and leaves the admin secret to verify what it signed', () => {
    const keys = rotate(initialKeys, first, start);
    assert.deepEqual(statesOf(keys), [
      [keyID(first), 'signing'],
      [keyID(adminSecret), 'verifying'],
    ]);
    assert.partialDeepStrictEqual(keys, [{ since: start, createdAt: start, secret: first }, { since: start }]);
  });

  test('again leaves all earlier ones', () => {
    const keys = rotate(rotate(initialKeys, first, start), second, start + dayMs);
    assert.deepEqual(statesOf(keys), [
      [keyID(second), 'signing'],
      [keyID(first), 'verifying'],
      [keyID(adminSecret), 'verifying'],
    ]);
    assert.deepEqual(
      keys.map(({ since }) => since),
      [start + dayMs, start + dayMs, start],
    );
  });

  test('never copies the admin secret', () => {
    assert.ok(!JSON.stringify(rotate(initialKeys, first, start)).includes(adminSecret));
  });
});

describe('a prepared key', () => {
  const prepared = addPrepared(initialKeys, first, at(start));

  test('does not sign until it is promoted', () => {
    assert.deepEqual(statesOf(prepared), [
      [keyID(adminSecret), 'signing'],
      [keyID(first), 'prepared'],
    ]);
    assert.deepEqual(statesOf(promote(prepared, keyID(first), adminSecret, at(start + 1))), [
      [keyID(first), 'signing'],
      [keyID(adminSecret), 'verifying'],
    ]);
  });

  test('has signed nothing and may be retired at once', () => {
    const key = prepared[1];
    assert.equal(key === undefined ? undefined : retirableAt(key, at(start)), start);
    const kept = retire(prepared, keyID(first), adminSecret, { ...at(start), isForced: false });
    assert.deepEqual(kept, initialKeys);
  });
});

test('a key cannot be added twice', () => {
  assert.throws(() => addPrepared(addPrepared(initialKeys, first, at(start)), first, at(start)), refusal(/already/));
});

describe('promoting', () => {
  const keys = rotate(initialKeys, first, start);

  test('takes an earlier key back, the admin secret by name too', () => {
    for (const name of ['admin-secret', keyID(adminSecret)]) {
      assert.deepEqual(statesOf(promote(keys, name, adminSecret, at(start + 1))), [
        [keyID(adminSecret), 'signing'],
        [keyID(first), 'verifying'],
      ]);
    }
  });

  test('the admin secret works without knowing it', () => {
    assert.equal(promote(keys, 'admin-secret', undefined, at(start + 1))[0].state, 'signing');
    assert.throws(() => promote(keys, keyID(adminSecret), undefined, at(start + 1)), refusal(/there is no key/));
  });

  test('is refused for a key that is unknown or signs already', () => {
    assert.throws(() => promote(keys, '01234567', adminSecret, at(start)), refusal(/^there is no key 01234567/));
    assert.throws(() => promote(keys, keyID(first), adminSecret, at(start)), refusal(/signs already/));
  });
});

describe('retiring', () => {
  const keys = rotate(initialKeys, first, start);
  const ends = start + noticedWithinMs + longestTtlMs;
  const retireAdminSecret = (now: number, isForced = false, ttlMs = longestTtlMs) =>
    statesOf(retire(keys, 'admin-secret', adminSecret, { ...at(now, ttlMs), isForced }));

  test('T1 waits until the last token that the key can have signed has ended, and says until when', () => {
    assert.throws(
      () => retireAdminSecret(ends - 1),
      refusal(/may be live until 2030-04-01T00:01:00\.000Z; --force retires it all the same/),
    );
    assert.deepEqual(retireAdminSecret(ends), [[keyID(first), 'signing']]);
  });

  test('can be forced before', () => {
    assert.deepEqual(retireAdminSecret(start + 1, true), [[keyID(first), 'signing']]);
  });

  test('T1 a lifetime that was shortened after the rotation does not bring it forward, a longer one puts it off', () => {
    assert.throws(() => retireAdminSecret(ends - 1, false, dayMs), refusal(/may be live until 2030-04-01/));
    assert.throws(() => retireAdminSecret(ends, false, 2 * longestTtlMs), refusal(/may be live until 2030-06-30/));
  });

  test('T1 a key that has signed twice is live for as long as the later tokens, and never for less than the earlier', () => {
    const back = promote(keys, 'admin-secret', adminSecret, at(start + dayMs));
    const forth = promote(back, keyID(first), adminSecret, at(start + 2 * dayMs, 1000));
    const key = forth.find((candidate) => 'from' in candidate);
    assert.equal(key === undefined ? undefined : retirableAt(key, at(start, 1000)), ends);
  });

  test('a key of which nothing is known can only be forced', () => {
    const [signing] = keys;
    const unknown: KeyList = [signing, { kid: keyID(second), secret: second, state: 'verifying' }];
    const retireUnknown = (isForced: boolean) =>
      retire(unknown, keyID(second), adminSecret, { ...at(start + 10 * longestTtlMs), isForced });
    assert.throws(() => retireUnknown(false), refusal(/for an unknown time/));
    assert.deepEqual(retireUnknown(true), [signing]);
  });

  test('is refused for the key that signs, even when forced', () => {
    const attempt = () => retire(keys, keyID(first), adminSecret, { ...at(ends), isForced: true });
    assert.throws(attempt, refusal(/signs; let another key sign first/));
  });
});
