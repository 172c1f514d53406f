/** What every Presence has to do. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { OnlineConnection, Presence, PresenceChange } from '../../src/presence/presence.ts';
import { within } from '../support/within.ts';

export type OpenPresence = (t: TestContext) => Promise<Presence>;

type Name = () => string;

export async function presenceSuite(t: TestContext, open: OpenPresence): Promise<void> {
  /** Nobody is in two tests: what ends with one may be told later. */
  let round = 0;
  const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => () => `${name}${round}`) as [Name, Name, Name];
  const begin = (t: TestContext) => {
    round += 1;
    return open(t);
  };
  const connectionOf = (platformID: number, connID = `c${platformID}`): OnlineConnection => {
    return { userID: alice(), platformID, connID, jti: 'j', isBackground: false };
  };

  /** A presence and what it has announced of all three. */
  async function listening(t: TestContext) {
    const presence = await begin(t);
    const heard: PresenceChange[] = [];
    let next = Promise.withResolvers<void>();
    presence.watch([alice(), bob(), carol()]);
    const stop = presence.onChange((change) => {
      heard.push(change);
      next.resolve();
      next = Promise.withResolvers();
    });
    /** So many, sorted by user. */
    const take = async (count: number) => {
      while (heard.length < count) await within(`${count} changes`, next.promise);
      return heard.splice(0, count).sort((a, b) => (a.userID < b.userID ? -1 : 1));
    };
    return { presence, heard, stop, take };
  }

  await t.test('who is online is who has open connections, on each platform once and in order', async (t) => {
    const presence = await begin(t);
    const all = [connectionOf(5), connectionOf(1), connectionOf(5, 'second')];
    for (const one of all) await presence.opened(one);
    assert.deepEqual(await presence.platformsOf([bob(), alice(), alice()]), [[], [1, 5], [1, 5]]);
    const [connections] = await presence.connectionsOf([alice()]);
    assert.deepEqual(
      connections?.map(({ connID }) => connID),
      ['c5', 'c1', 'second'],
    );
    for (const one of all) presence.closed(one);
    assert.deepEqual(await presence.platformsOf([alice()]), [[]]);
    assert.deepEqual(await presence.connectionsOf([alice()]), [[]]);
  });

  await t.test('a connection says what is true when it is asked for, not when it was reported', async (t) => {
    const presence = await begin(t);
    const live = { ...connectionOf(1), isBackground: false };
    presence.opened(live);
    live.isBackground = true;
    presence.changed(live);
    assert.equal((await presence.connectionsOf([alice()]))[0]?.[0]?.isBackground, true);
    presence.closed(live);
  });

  await t.test(
    'the end of a connection that is told twice, or was never told of, takes nobody else away',
    async (t) => {
      const presence = await begin(t);
      const [gone, other] = [connectionOf(1, 'gone'), connectionOf(1, 'other')];
      presence.opened(gone);
      presence.opened(other);
      for (const one of [gone, gone, connectionOf(1, 'stranger')]) presence.closed(one);
      assert.deepEqual(await presence.platformsOf([alice()]), [[1]]);
      presence.closed(other);
    },
  );

  await t.test('a change is announced with the whole list of platforms, going offline with an empty one', async (t) => {
    const { presence, take } = await listening(t);
    const all = [connectionOf(1), { ...connectionOf(2), userID: bob() }, connectionOf(5)];
    for (const one of all) presence.opened(one);
    assert.deepEqual(await take(2), [
      { userID: alice(), platformIDs: [1, 5] },
      { userID: bob(), platformIDs: [2] },
    ]);
    for (const one of all) presence.closed(one);
    assert.deepEqual(await take(2), [
      { userID: alice(), platformIDs: [] },
      { userID: bob(), platformIDs: [] },
    ]);
  });

  await t.test('what changes back within a turn is no change, nor is another connection on a platform', async (t) => {
    const { presence, take } = await listening(t);
    const [first, again, more] = [connectionOf(1), connectionOf(1, 'again'), connectionOf(1, 'more')];
    presence.opened(first);
    await take(1);
    presence.closed(first);
    presence.opened(again);
    await presence.platformsOf([alice()]);
    presence.opened(more);
    await presence.platformsOf([alice()]);
    const last = { ...connectionOf(2), userID: carol() };
    presence.opened(last);
    assert.deepEqual(await take(1), [{ userID: carol(), platformIDs: [2] }], 'the first that is heard');
    for (const one of [again, more, last]) presence.closed(one);
    await take(2);
  });

  await t.test('who does not want to hear more hears no more', async (t) => {
    const { presence, heard, stop, take } = await listening(t);
    const until = Promise.withResolvers<void>();
    stop();
    presence.onChange(() => until.resolve());
    const only = connectionOf(1);
    presence.opened(only);
    await until.promise;
    presence.closed(only);
    assert.deepEqual(heard, []);
    await take(0);
  });
}
