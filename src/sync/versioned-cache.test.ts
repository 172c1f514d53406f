import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VersionedCache } from './versioned-cache.ts';

const log = (ownerID: string) => ({ kind: 'group_members', ownerID }) as const;
const at = (version: number, versionID = 'a') => ({ version, versionID });

function counted() {
  let reads = 0;
  return { read: async () => `read ${++reads}`, count: () => reads };
}

test('what was read at a head is kept as long as the log stands there', async () => {
  const cache = new VersionedCache<string>(10, () => 1);
  const { read } = counted();
  assert.equal(await cache.get(log('g'), at(1), read), 'read 1');
  assert.equal(await cache.get(log('g'), at(1), read), 'read 1');
  assert.equal(await cache.get(log('g'), at(2), read), 'read 2');
  assert.equal(await cache.get(log('g'), at(2, 'b'), read), 'read 3');
  assert.equal(await cache.get(log('h'), at(2, 'b'), read), 'read 4');
});

test('those who come while it is being read wait for the same', async () => {
  const cache = new VersionedCache<string>(10, () => 1);
  const { read } = counted();
  const both = [cache.get(log('g'), at(1), read), cache.get(log('g'), at(1), read)];
  assert.deepEqual(await Promise.all(both), ['read 1', 'read 1']);
});

test('what could not be read is not kept', async () => {
  const cache = new VersionedCache<string>(10, () => 1);
  const failing = async () => {
    throw new Error('no');
  };
  await assert.rejects(cache.get(log('g'), at(1), failing), /no/);
  assert.equal(await cache.get(log('g'), at(1), counted().read), 'read 1');
});

test('beyond its weight the least recently used goes, and one that is heavier than all is not kept', async () => {
  const cache = new VersionedCache<string>(3, (value) => value.length);
  const reads: string[] = [];
  const get = (ownerID: string, value: string) =>
    cache.get(log(ownerID), at(1), async () => {
      reads.push(ownerID);
      return value;
    });
  for (const ownerID of ['a', 'b', 'c', 'a']) await get(ownerID, 'x');
  await get('d', 'x');
  for (const ownerID of ['a', 'c', 'd', 'b']) await get(ownerID, 'x');
  assert.deepEqual(reads, ['a', 'b', 'c', 'd', 'b']);
  for (const ownerID of ['e', 'e', 'c', 'd', 'b']) await get(ownerID, ownerID === 'e' ? 'xxxx' : 'x');
  assert.deepEqual(reads.slice(5), ['e', 'e']);
});
