import assert from 'node:assert/strict';
import { test } from 'node:test';
import { platformIDs, platforms } from '../protocol/numbers/platforms.ts';
import { isPhoneReached, takesPushes } from './reach.ts';

test('only an iOS app in the background takes no pushes', () => {
  const skipped = platformIDs.filter((platformID) => !takesPushes({ platformID, isBackground: true }));
  assert.deepEqual(skipped, [platforms.IOS]);
  assert.ok(platformIDs.every((platformID) => takesPushes({ platformID, isBackground: false })));
});

test('an offline push is due unless Android, or iOS in the foreground, is connected', () => {
  const isBackground = true;
  const reaching = platformIDs.filter((platformID) => isPhoneReached([{ platformID, isBackground: false }]));
  assert.deepEqual(reaching, [platforms.IOS, platforms.Android]);
  assert.equal(isPhoneReached([]), false);
  assert.equal(isPhoneReached([{ platformID: platforms.IOS, isBackground }]), false);
  assert.equal(isPhoneReached([{ platformID: platforms.Android, isBackground }]), true);
  const both = [platforms.Web, platforms.Android].map((platformID) => ({ platformID, isBackground: false }));
  assert.equal(isPhoneReached(both), true);
});
