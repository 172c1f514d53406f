import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DurabilitySettings, lossByCrash, lossByFailover } from './durability.ts';

const safe: DurabilitySettings = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  synchronous_standby_names: 'ANY 1 (a, b)',
};

test('M1: settings that lose what was acknowledged are named, by what loses it', () => {
  const rows: readonly (readonly [Partial<DurabilitySettings>, crash: string, failover: string])[] = [
    [{}, '', ''],
    [{ synchronous_commit: 'remote_apply' }, '', ''],
    [{ synchronous_standby_names: ' ' }, '', 'synchronous_standby_names is empty'],
    [{ synchronous_commit: 'local' }, '', 'synchronous_commit = local'],
    [{ synchronous_commit: 'remote_write' }, '', 'synchronous_commit = remote_write'],
    [{ synchronous_commit: 'off' }, 'synchronous_commit = off', 'synchronous_commit = off'],
    [{ fsync: 'off', full_page_writes: 'off' }, 'fsync = off, full_page_writes = off', ''],
  ];
  for (const [changes, crash, failover] of rows) {
    const settings = { ...safe, ...changes };
    assert.deepEqual([lossByCrash(settings), lossByFailover(settings)], [crash, failover]);
  }
});
