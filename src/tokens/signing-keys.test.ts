import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyID } from '../protocol/key-id.ts';
import { keyMark, SigningKeys } from './signing-keys.ts';

const kidsOf = ({ kids }: SigningKeys) => [kids.signing, ...kids.verifying];

test('the first key signs, all verify, and each is named by its kid', () => {
  const keys = new SigningKeys(['key one', 'key two', 'key three']);
  assert.deepEqual(keys.ring.signing, { kid: keyID('key one'), secret: 'key one', needsStore: false });
  assert.deepEqual(kidsOf(keys), [keyID('key one'), keyID('key two'), keyID('key three')]);
});

test('a kid is the same on every node, differs from key to key, and does not show the key', () => {
  assert.match(keyID('key one'), /^[\da-f]{8}$/);
  assert.equal(keyID('key one'), keyID('key one'));
  assert.notEqual(keyID('key one'), keyID('key two'));
});

test('a key that is given twice is one', () => {
  assert.deepEqual(kidsOf(new SigningKeys(['one', 'two', 'one', 'two'])), [keyID('one'), keyID('two')]);
});

test('a ring that is replaced is another object; the same keys again leave it as it is', () => {
  const keys = new SigningKeys(['one', 'two']);
  const before = keys.ring;
  assert.equal(keys.replace(['one', 'two']), false);
  assert.equal(keys.ring, before);
  assert.equal(keys.replace(['two', 'one']), true);
  assert.notEqual(keys.ring, before);
  assert.equal(keys.ring.signing.secret, 'two');
  assert.equal(keys.replace(['two']), true);
  assert.deepEqual(kidsOf(keys), [keyID('two')]);
});

test('who can find newer keys is asked when one is missing, and nobody by default', () => {
  const keys = new SigningKeys(['one']);
  keys.lookForNewer();
  keys.whenUnknown(() => keys.replace(['two', 'one']));
  keys.lookForNewer();
  assert.equal(keys.ring.signing.secret, 'two');
});

test('a secret that people chose needs the store wherever it stands, and logs get no kid to try guesses against', () => {
  const keys = new SigningKeys(['one', 'two'], ['two']);
  const needing = () => keys.ring.all.filter(({ needsStore }) => needsStore).map(({ secret }) => secret);
  assert.deepEqual([needing(), kidsOf(keys)], [['two'], [keyID('one'), 'a secret']]);
  keys.replace(['two', 'three']);
  assert.deepEqual([needing(), kidsOf(keys)], [['two'], ['a secret', keyID('three')]]);
});

test('a key is retired when none of its mark verifies, after a look for newer ones', () => {
  const keys = new SigningKeys(['one']);
  const mark = (secret: string) => keyMark(keyID(secret));
  assert.match(mark('one'), /^[A-Z][A-Za-z\d]$/);
  assert.deepEqual(
    [keys.isRetired(mark('one')), keys.isRetired(mark('two')), keys.isRetired(undefined)],
    [false, true, false],
  );
  keys.whenUnknown(() => keys.replace(['two', 'one']));
  assert.equal(keys.isRetired(mark('two')), false);
  keys.replace(['two']);
  keys.whenUnknown(() => {});
  assert.equal(keys.isRetired(mark('one')), true);
});
