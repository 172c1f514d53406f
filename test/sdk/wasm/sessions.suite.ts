/** How sessions end, and which callback says so. Protocol: websocket.md 6, 7 and 9.1. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { texts, type WasmClient } from '../../support/wasm-client.ts';
import { conversationID, type Stage } from './stage.ts';
import { list, messages } from './views.ts';

/** @returns a device on which nobody is logged in any more */
export async function sessionStories(t: TestContext, stage: Stage): Promise<WasmClient> {
  const { alice, bob, backEnd, logIn } = stage;
  const second = await stage.newDevice();
  const errCodeOf = async (token: string) => (await backEnd.post('/auth/parse_token', { token })).errCode;

  await t.test('T4: a login in a second browser kicks the first, whose token is dead', async () => {
    const kicked = bob.next('OnKickedOffline');
    await logIn(second, 'bob');
    await kicked;
    assert.equal(await errCodeOf(bob.token), 1506);
    await bob.loggedOut();
  });

  await t.test('M4: the new browser has the list, the unread count and the whole history from the server', async () => {
    const atAlice = texts(await messages(alice));
    assert.deepEqual(texts(await messages(second)), atAlice);
    assert.deepEqual(await list(second), [{ conversationID, userID: 'alice', unreadCount: 3, latest: atAlice.at(-1) }]);
    const received = second.next('OnRecvNewMessages');
    await alice.sendText('bob', 'which one are you at');
    assert.deepEqual(texts((await received).data), ['which one are you at']);
  });

  await t.test('who was kicked may log in again on the same page', async () => {
    const kicked = second.next('OnKickedOffline');
    await logIn(bob, 'bob');
    await kicked;
    assert.deepEqual(texts(await messages(bob)).at(-1), 'which one are you at');
  });

  await t.test('T4: a forced logout reaches the open socket', async () => {
    const kicked = bob.next('OnKickedOffline');
    await backEnd.call('/auth/force_logout', { userID: 'bob', platformID: 5 });
    await kicked;
    await bob.loggedOut();
  });

  await t.test('T4: so does the revocation of the token', async () => {
    await logIn(bob, 'bob');
    const kicked = bob.next('OnKickedOffline');
    await backEnd.call('/auth/revoke_token', { token: bob.token });
    await kicked;
    assert.equal(await errCodeOf(bob.token), 1506);
    await bob.loggedOut();
    await logIn(bob, 'bob');
  });
  await second.loggedOut();
  return second;
}
