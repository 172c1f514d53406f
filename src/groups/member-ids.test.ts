import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemberIDs } from './member-ids.ts';

test('10.5, defect of OpenIM: a change between reading head and IDs is told again, and not left out', async () => {
  let version = 1;
  const ids = ['ann'];
  const joinAfter = <Value>(value: Value): Value => {
    version += 1;
    ids.push('ben');
    return value;
  };
  const members = { ids: async () => joinAfter([...ids]) };
  const versionLog = { head: async () => joinAfter({ version, versionID: 'a' }) };
  const found = await new MemberIDs(members, versionLog).of('team');
  assert.deepEqual([found.version, found.ids], [1, ['ann', 'ben']]);
});
