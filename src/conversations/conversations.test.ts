import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallContext } from '../kernel/caller.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { idHash } from '../sync/id-hash.ts';
import { VersionLog } from '../sync/version-log.ts';
import type { Change } from '../sync/version-log-store.ts';
import type { Conversation } from './conversation.ts';
import type { ConversationStore } from './conversation-store.ts';
import { Conversations } from './conversations.ts';

const asOwner: CallContext = {
  caller: { userID: 'owner', platformID: 1, jti: 'jti', expiresAt: 9e15, isAdmin: false },
  operationID: 'op',
};
const asStranger: CallContext = {
  caller: { userID: 'stranger', platformID: 1, jti: 'jti', expiresAt: 9e15, isAdmin: false },
  operationID: 'op',
};
const known = { versionID: 'a'.repeat(24), version: 3 };

test('changesSince gives rows by their latest state; what has vanished since is left out', async () => {
  const { conversations } = conversationsWith(
    ['a', 'b'],
    [
      { itemID: 'b', state: 'update' },
      { itemID: 'vanished', state: 'update' },
      { itemID: 'gone', state: 'delete' },
      { itemID: 'a', state: 'insert' },
      { itemID: 'vanished too', state: 'insert' },
    ],
  );
  const changes = await conversations.changesSince(asOwner, 'owner', known);
  assert.deepEqual(
    [changes.full, changes.version, idsOf(changes.inserted), idsOf(changes.updated), changes.deleted],
    [false, 7, ['a'], ['b'], ['gone']],
  );
});

test('allIDs reads the head before the IDs, so that a conversation created in between is told again', async () => {
  const { conversations, reads } = conversationsWith(['a'], []);
  await conversations.allIDs(asOwner, 'owner', 0n);
  assert.deepEqual(reads, ['head', 'ids']);
});

test('allIDs leaves the IDs out for a client that has them', async () => {
  const { conversations } = conversationsWith(['a', 'b'], []);
  const hash = idHash(['a', 'b']);
  assert.partialDeepStrictEqual(await conversations.allIDs(asOwner, 'owner', hash), { isEqual: true, ids: [] });
  const stale = await conversations.allIDs(asOwner, 'owner', hash + 1n);
  assert.partialDeepStrictEqual(stale, { isEqual: false, ids: ['a', 'b'] });
});

test('M5 nothing is read for another user, whichever function is asked', async () => {
  const { conversations, reads } = conversationsWith(['a'], []);
  const attempts = [
    () => conversations.changesSince(asStranger, 'owner', known),
    () => conversations.allIDs(asStranger, 'owner', 0n),
    () => conversations.page(asStranger, 'owner', null),
    () => conversations.all(asStranger, 'owner'),
    () => conversations.findMany(asStranger, 'owner', ['a']),
    () => conversations.find(asStranger, 'owner', 'a'),
    () => conversations.notNotifyIDs(asStranger, 'owner'),
    () => conversations.pinnedIDs(asStranger, 'owner'),
  ];
  for (const attempt of attempts) {
    await assert.rejects(attempt, (error) => error instanceof ProtocolError && error.code === 1002);
  }
  assert.deepEqual(reads, []);
});

function idsOf(rows: readonly Conversation[]): string[] {
  return rows.map(({ conversationID }) => conversationID);
}

/** The domain over rows with these IDs and a log at version 7 with these changes; `reads` tells what was read when. */
function conversationsWith(ids: readonly string[], changes: readonly Change[]) {
  const reads: string[] = [];
  const rows = ids.map((conversationID) => ({ conversationID }) as Conversation);
  const reading = async <T>(what: string, result: T): Promise<T> => {
    reads.push(what);
    return result;
  };
  const store: ConversationStore = {
    find: (_owner, id) =>
      reading(
        'find',
        rows.find(({ conversationID }) => conversationID === id),
      ),
    findMany: (_owner, wanted) =>
      reading(
        'findMany',
        rows.filter(({ conversationID }) => wanted.includes(conversationID)),
      ),
    listByOwner: () => reading('list', rows),
    count: () => reading('count', rows.length),
    ids: () => reading('ids', ids),
    notNotifyIDs: () => reading('notNotifyIDs', []),
    pinnedIDs: () => reading('pinnedIDs', []),
    createMissing: async () => [],
    raiseMinSeqs: async () => [],
    noteHidden: async () => {},
    peersOf: async () => [],
    update: async () => [],
    markMentioned: async () => [],
    withUnseenCalls: async () => [],
    ownersWith: async () => [],
    setExWith: async () => [],
    delete: async () => [],
    hasReborn: async () => false,
    restoreReborn: async () => [],
    setWindow: async () => [],
  };
  const versionLog = new VersionLog({
    record: async () => new Map(),
    lock: async () => new Map(),
    drop: async () => {},
    head: () => reading('head', { versionID: known.versionID, version: 7 }),
    heads: async () => new Map(),
    tailsAfter: async () => new Map(),
    tailAfter: () => reading('changes', { changes, sortVersion: 0, isOwnerChanged: false, isTooLong: false }),
  });
  return { conversations: new Conversations({ store, versionLog, deletions: { noteReborn: async () => {} } }), reads };
}
