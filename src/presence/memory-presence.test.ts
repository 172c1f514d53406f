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
  presence.report('alice', [connection(5), connection(1), connection(5, 'second')]);
  assert.deepEqual(await presence.platformsOf(['bob', 'alice', 'alice']), [[], [1, 5], [1, 5]]);
  const [connections] = await presence.connectionsOf(['alice']);
  assert.deepEqual(
    connections?.map(({ connID }) => connID),
    ['c5', 'c1', 'second'],
  );
  presence.report('alice', []);
  assert.deepEqual(await presence.platformsOf(['alice']), [[]]);
  assert.deepEqual(await presence.connectionsOf(['alice']), [[]]);
});

test('a connection says what is true when it is asked for, not when it was reported', async () => {
  const { presence } = listening();
  const live = { ...connection(1), isBackground: false };
  presence.report('alice', [live]);
  live.isBackground = true;
  assert.equal((await presence.connectionsOf(['alice']))[0]?.[0]?.isBackground, true);
});

test('a change is announced once the turn is over, with the whole list of platforms', async () => {
  const { presence, heard } = listening();
  presence.report('alice', [connection(1)]);
  presence.report('bob', [connection(2)]);
  presence.report('alice', [connection(1), connection(5)]);
  assert.deepEqual(heard, []);
  await turnOver();
  assert.deepEqual(heard, [
    { userID: 'alice', platformIDs: [1, 5] },
    { userID: 'bob', platformIDs: [2] },
  ]);
});

test('going offline is announced with an empty list', async () => {
  const { presence, heard } = listening();
  presence.report('alice', [connection(1)]);
  await turnOver();
  presence.report('alice', []);
  await turnOver();
  assert.deepEqual(heard.at(-1), { userID: 'alice', platformIDs: [] });
});

test('what changes back within a turn is no change, and neither is a second connection on a platform', async () => {
  const { presence, heard } = listening();
  presence.report('alice', [connection(1)]);
  await turnOver();
  heard.length = 0;
  presence.report('alice', []);
  presence.report('alice', [connection(1, 'again')]);
  await turnOver();
  presence.report('alice', [connection(1, 'again'), connection(1, 'more')]);
  await turnOver();
  assert.deepEqual(heard, []);
});

test('who does not want to hear more hears no more', async () => {
  const { presence, heard, stop } = listening();
  stop();
  presence.report('alice', [connection(1)]);
  await turnOver();
  assert.deepEqual(heard, []);
});
