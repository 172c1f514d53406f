/** What every Presence has to do, on the one that there is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryPresence } from './memory-presence.ts';
import type { OnlineConnection, PresenceChange } from './presence.ts';

function connection(platformID: number, connID = `c${platformID}`): OnlineConnection {
  return { userID: 'alice', platformID, connID, jti: 'j', isBackground: false };
}

/** A presence and what it has announced. */
function listening(): { presence: MemoryPresence; heard: PresenceChange[]; stop: () => void } {
  const presence = new MemoryPresence();
  const heard: PresenceChange[] = [];
  return { presence, heard, stop: presence.onChange((change) => heard.push(change)) };
}

function turnOver(): Promise<void> {
  return new Promise(setImmediate);
}

test('who is online is who has open connections, on each platform once and in order', async () => {
  const { presence } = listening();
  const all = [connection(5), connection(1), connection(5, 'second')];
  for (const one of all) presence.opened(one);
  assert.deepEqual(await presence.platformsOf(['bob', 'alice', 'alice']), [[], [1, 5], [1, 5]]);
  const [connections] = await presence.connectionsOf(['alice']);
  assert.deepEqual(
    connections?.map(({ connID }) => connID),
    ['c5', 'c1', 'second'],
  );
  for (const one of all) presence.closed(one);
  assert.deepEqual(await presence.platformsOf(['alice']), [[]]);
  assert.deepEqual(await presence.connectionsOf(['alice']), [[]]);
});

test('a connection says what is true when it is asked for, not when it was reported', async () => {
  const { presence } = listening();
  const live = { ...connection(1), isBackground: false };
  presence.opened(live);
  live.isBackground = true;
  assert.equal((await presence.connectionsOf(['alice']))[0]?.[0]?.isBackground, true);
});

test('the end of a connection that is told twice, or was never told of, takes nobody else away', async () => {
  const { presence } = listening();
  const [gone, other] = [connection(1, 'gone'), connection(1, 'other')];
  presence.opened(gone);
  presence.opened(other);
  for (const one of [gone, gone, connection(1, 'stranger')]) presence.closed(one);
  assert.deepEqual(await presence.platformsOf(['alice']), [[1]]);
});

test('a change is announced once the turn is over, with the whole list of platforms', async () => {
  const { presence, heard } = listening();
  presence.opened(connection(1));
  presence.opened({ ...connection(2), userID: 'bob' });
  presence.opened(connection(5));
  assert.deepEqual(heard, []);
  await turnOver();
  assert.deepEqual(heard, [
    { userID: 'alice', platformIDs: [1, 5] },
    { userID: 'bob', platformIDs: [2] },
  ]);
});

test('going offline is announced with an empty list', async () => {
  const { presence, heard } = listening();
  const only = connection(1);
  presence.opened(only);
  await turnOver();
  presence.closed(only);
  await turnOver();
  assert.deepEqual(heard.at(-1), { userID: 'alice', platformIDs: [] });
});

test('what changes back within a turn is no change, and neither is a second connection on a platform', async () => {
  const { presence, heard } = listening();
  const first = connection(1);
  presence.opened(first);
  await turnOver();
  heard.length = 0;
  presence.closed(first);
  presence.opened(connection(1, 'again'));
  await turnOver();
  presence.opened(connection(1, 'more'));
  await turnOver();
  assert.deepEqual(heard, []);
});

test('who does not want to hear more hears no more', async () => {
  const { presence, heard, stop } = listening();
  stop();
  presence.opened(connection(1));
  await turnOver();
  assert.deepEqual(heard, []);
});
