import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VersionLog } from './version-log.ts';
import type { Change, VersionHead, VersionLogStore } from './version-log-store.ts';

const ownID = 'a'.repeat(24);
const otherID = 'b'.repeat(24);
const head: VersionHead = { versionID: ownID, version: 7 };
const nothing = { inserted: [], updated: [], deleted: [], sortVersion: 0, isOwnerChanged: false };

const everythingAnew: readonly (readonly [title: string, since: VersionHead])[] = [
  ['a client that has nothing', { versionID: '', version: 0 }],
  ["version 0 of the owner's own log", { versionID: ownID, version: 0 }],
  ["another log's head", { versionID: otherID, version: 7 }],
  ['a versionID that is none', { versionID: 'not hexadecimal', version: 7 }],
  ['a client that is ahead', { versionID: ownID, version: 8 }],
  ['a negative version', { versionID: ownID, version: -1 }],
];
for (const [title, since] of everythingAnew) {
  test(`${title} has to read everything, and is given the head`, async () => {
    const log = new VersionLog(storeWith([{ itemID: 'x', state: 'insert' }]));
    assert.deepEqual(await log.changesSince('friends', 'u', since), { ...head, ...nothing, full: true });
  });
}

test('a client that is up to date gets nothing, and the log is not read', async () => {
  const store = { ...storeWith([]), tailAfter: () => assert.fail('read the log') };
  assert.deepEqual(await new VersionLog(store).changesSince('friends', 'u', head), {
    ...head,
    ...nothing,
    full: false,
  });
});

test('a client that is behind gets the items by their state, in the order of their changes', async () => {
  const log = new VersionLog(
    storeWith([
      { itemID: 'd', state: 'delete' },
      { itemID: 'i2', state: 'insert' },
      { itemID: 'u', state: 'update' },
      { itemID: 'i1', state: 'insert' },
    ]),
  );
  assert.deepEqual(await log.changesSince('friends', 'u', { versionID: ownID, version: 3 }), {
    ...head,
    full: false,
    inserted: ['i2', 'i1'],
    updated: ['u'],
    deleted: ['d'],
    sortVersion: 0,
    isOwnerChanged: false,
  });
});

test('marks of order and owner are told beside the items', async () => {
  const store = { ...storeWith([]), tailAfter: async () => ({ ...emptyTail, sortVersion: 5, isOwnerChanged: true }) };
  const told = await new VersionLog(store).changesSince('group_members', 'g', { versionID: ownID, version: 3 });
  assert.partialDeepStrictEqual(told, { full: false, inserted: [], sortVersion: 5, isOwnerChanged: true });
});

test('a reply reads its items once, leaves out the vanished, and reads nothing for a client that has to start anew', async () => {
  const log = new VersionLog(
    storeWith([
      { itemID: 'kept', state: 'update' },
      { itemID: 'vanished', state: 'insert' },
      { itemID: 'deleted', state: 'delete' },
    ]),
  );
  const asked: (readonly string[])[] = [];
  const read = async (ids: readonly string[]) => {
    asked.push(ids);
    return new Map([['kept', 1]]);
  };
  const reply = await log.syncSince('friends', 'u', { versionID: ownID, version: 3 }, read);
  assert.partialDeepStrictEqual(reply, { inserted: [], updated: [1], deleted: ['deleted'] });
  assert.equal((await log.syncSince('friends', 'u', { versionID: otherID, version: 3 }, read)).full, true);
  assert.deepEqual(asked, [['vanished', 'kept']]);
});

test('several logs at once: each answered as by itself, and only those that are behind are read', async () => {
  const changes: readonly Change[] = [
    { itemID: 'i', state: 'insert' },
    { itemID: 'd', state: 'delete' },
  ];
  const read: string[] = [];
  const store: VersionLogStore = {
    ...storeWith(changes),
    heads: async (_kind, ownerIDs) => new Map(ownerIDs.map((ownerID) => [ownerID, head])),
    tailsAfter: async (_kind, versions) => {
      read.push(...versions.keys());
      return new Map([...versions].map(([ownerID]) => [ownerID, { ...emptyTail, changes }]));
    },
  };
  const log = new VersionLog(store);
  const since = new Map<string, VersionHead>([
    ['new', { versionID: '', version: 0 }],
    ['behind', { versionID: ownID, version: 3 }],
    ['current', head],
    ['other', { versionID: otherID, version: 3 }],
    ['ahead', { versionID: ownID, version: 9 }],
  ]);
  const told = await log.changesOfMany('group_members', since);
  assert.deepEqual(read, ['behind']);
  assert.equal(told.size, since.size);
  for (const [ownerID, known] of since) {
    assert.deepEqual(told.get(ownerID), await log.changesSince('group_members', ownerID, known), ownerID);
  }
});

test('200 changes are told, 201 are more than reading everything', async () => {
  const changes = Array.from({ length: 201 }, (_, index): Change => ({ itemID: `${index}`, state: 'insert' }));
  const since = { versionID: ownID, version: 1 };
  const told = await new VersionLog(storeWith(changes.slice(1))).changesSince('friends', 'u', since);
  assert.equal(told.inserted.length, 200);
  assert.equal(told.full, false);
  const refused = await new VersionLog(storeWith(changes)).changesSince('friends', 'u', since);
  assert.deepEqual(refused, { ...head, ...nothing, full: true });
});

test('a change between reading head and items is told with the older head, so that it is told again', async () => {
  let version = 7;
  const store: VersionLogStore = {
    ...storeWith([]),
    head: async () => ({ versionID: ownID, version: version++ }),
    tailAfter: async () => ({ ...emptyTail, changes: [{ itemID: `at version ${version}`, state: 'insert' }] }),
  };
  const told = await new VersionLog(store).changesSince('friends', 'u', { versionID: ownID, version: 6 });
  assert.equal(told.version, 7);
  assert.deepEqual(told.inserted, ['at version 8']);
});

const emptyTail = { changes: [], sortVersion: 0, isOwnerChanged: false, isTooLong: false };

function storeWith(changes: readonly Change[]): VersionLogStore {
  return {
    record: async () => new Map(),
    lock: async () => new Map(),
    drop: async () => {},
    head: async () => head,
    heads: async () => new Map(),
    tailsAfter: async () => new Map(),
    tailAfter: async (_kind, _ownerID, _version, limit) => ({
      ...emptyTail,
      changes: changes.length > limit ? [] : changes,
      isTooLong: changes.length > limit,
    }),
  };
}
