/** Who is online, as subscribers are told. Protocol: websocket.md 8 and identifier 2005. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Stage } from './stage.ts';

export async function presenceStories(t: TestContext, { alice, bob, backEnd, device, logIn }: Stage): Promise<void> {
  await t.test('a subscription tells who is online at once', async () => {
    const bobs = { userID: 'bob', status: 1, platformIDs: [5] };
    assert.deepEqual(await alice.call('subscribeUsersStatus', ['bob']), [bobs]);
  });

  await t.test('subscribers are told of a logout and of a login', async () => {
    const toldOffline = alice.next('OnUserStatusChanged');
    await bob.logout();
    assert.deepEqual((await toldOffline).data, { userID: 'bob', status: 0, platformIDs: [] });

    const toldOnline = alice.next('OnUserStatusChanged');
    await logIn(bob, 'bob');
    assert.deepEqual((await toldOnline).data, { userID: 'bob', status: 1, platformIDs: [5] });
  });

  await t.test('each change has all of the platforms', async () => {
    const toldBoth = alice.next('OnUserStatusChanged');
    const tablet = await device('bob', { platformID: 9 });
    assert.deepEqual((await toldBoth).data.platformIDs.sort(), [5, 9]);
    const toldOne = alice.next('OnUserStatusChanged');
    await tablet.logout();
    assert.deepEqual((await toldOne).data, { userID: 'bob', status: 1, platformIDs: [5] });
  });

  await t.test('the back end sees an app go to the background and come back', async () => {
    for (const isBackground of [true, false]) {
      await bob.call('setAppBackgroundStatus', isBackground);
      const [status] = await backEnd.call('/user/get_users_online_status', { userIDs: ['bob'] });
      const [connection] = status.detailPlatformStatus;
      assert.deepEqual([connection.platformID, connection.isBackground], [5, isBackground]);
    }
  });

  await t.test('T1: a logout leaves the token valid, and the same page may use it again', async () => {
    await bob.logout();
    assert.equal((await backEnd.post('/auth/parse_token', { token: bob.token })).errCode, 0);
    await logIn(bob, 'bob', bob.token);
  });
}
