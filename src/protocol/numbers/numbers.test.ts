/** Tables of numbers: what they promise beyond their values. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNotificationContentType } from './contents.ts';
import { isKnownPlatform, platformClass, platformIDs, platformName, platforms } from './platforms.ts';

test('platforms 1 to 12 are known, nothing else is', () => {
  assert.deepEqual(platformIDs, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  for (const id of [0, -1, 13, 1.5, Number.NaN, 2 ** 53]) {
    assert.equal(isKnownPlatform(id), false, String(id));
    assert.equal(platformName(id), '');
    assert.equal(platformClass(id), '');
  }
});

test('names and IDs of platforms agree', () => {
  for (const [name, id] of Object.entries(platforms)) assert.equal(platformName(id), name);
});

test('classes: phones, pads and PCs share one each; Web, MiniWeb, Admin, HarmonyOS and Bot stand alone', () => {
  assert.deepEqual(
    platformIDs.map((id) => platformClass(id)),
    ['Mobile', 'Mobile', 'PC', 'PC', 'Web', 'MiniWeb', 'PC', 'Pad', 'Pad', 'Admin', 'HarmonyOS', 'Bot'],
  );
});

test('M5: content types 1000 to 5000 are notifications', () => {
  const borders = [999, 1000, 2200, 5000, 5001];
  assert.deepEqual(borders.map(isNotificationContentType), [false, true, true, true, false]);
});
