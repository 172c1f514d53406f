/** Messages between two browsers, and between a browser and the pure-JS SDK, as their users see them. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { texts } from '../../support/wasm-client.ts';
import { conversationID, type Stage } from './stage.ts';
import { list, messages } from './views.ts';

export async function messageStories(t: TestContext, { alice, bob, device, logIn }: Stage): Promise<void> {
  await t.test('M4: a text reaches the other user, who sees it unread in a new conversation', async () => {
    const received = bob.next('OnRecvNewMessages');
    const counted = bob.next('OnTotalUnreadMessageCountChanged');
    const sent = await alice.sendText('bob', 'hello');
    const [message] = (await received).data;
    assert.equal(message.textElem.content, 'hello');
    assert.equal(message.sendID, 'alice');
    assert.equal(message.serverMsgID, sent.serverMsgID);
    assert.equal(message.sendTime, sent.sendTime);
    assert.equal((await counted).data, 1);
    assert.deepEqual(await list(bob), [{ conversationID, userID: 'alice', unreadCount: 1, latest: 'hello' }]);
  });

  await t.test('M4: and back; nobody sees an own message as a new one', async () => {
    const counted = alice.next('OnTotalUnreadMessageCountChanged');
    await bob.sendText('alice', 'hello yourself');
    assert.equal((await counted).data, 1);
    assert.deepEqual(alice.receivedTexts(), ['hello yourself']);
    assert.deepEqual(bob.receivedTexts(), ['hello']);
    assert.deepEqual(await list(alice), [{ conversationID, userID: 'bob', unreadCount: 1, latest: 'hello yourself' }]);
  });

  await t.test('reading clears the unread count and tells the sender', async () => {
    const receipt = alice.next('OnRecvC2CReadReceipt');
    const counted = bob.next('OnTotalUnreadMessageCountChanged');
    await bob.call('markConversationMessageAsRead', conversationID);
    const [read] = (await receipt).data;
    assert.equal(read.userID, 'bob');
    assert.equal(read.msgIDList.length, 1);
    assert.equal((await counted).data, 0);
    const seen = (await messages(alice)).find(({ sendID }) => sendID === 'alice');
    assert.equal(seen?.isRead, true);
  });

  await t.test('M4: text of any script and length arrives unchanged', async () => {
    const long = 'long '.repeat(3000).trim();
    for (const text of ['Привет, 世界 👩‍👩‍👧 \u0000 "quoted"\n', long]) {
      const received = bob.next('OnRecvNewMessages');
      await alice.sendText('bob', text);
      assert.deepEqual(texts((await received).data), [text]);
    }
  });

  await t.test('M4: a reload of the page leaves the list and the history as they were', async () => {
    const before = { list: await list(bob), history: texts(await messages(bob)) };
    await bob.reload();
    const started = bob.next('OnSyncServerStart');
    await logIn(bob, 'bob', bob.token);
    assert.equal((await started).data, false, 'the device was set up before');
    assert.deepEqual({ list: await list(bob), history: texts(await messages(bob)) }, before);
  });

  await t.test('M4: who was logged out has everything on coming back, with the right unread count', async () => {
    await bob.call('markConversationMessageAsRead', conversationID);
    await bob.logout();
    for (const text of ['one', 'two', 'three']) await alice.sendText('bob', text);
    await logIn(bob, 'bob');
    assert.equal(await bob.call('getTotalUnreadMsgCount'), 3);
    assert.deepEqual(texts(await messages(bob)).slice(-3), ['one', 'two', 'three']);
    assert.deepEqual(await list(bob), [{ conversationID, userID: 'alice', unreadCount: 3, latest: 'three' }]);
  });

  await t.test('M4: the Go core in the browser and the pure-JS SDK understand each other', async () => {
    const carol = await device('carol');
    const atCarol = carol.next('OnRecvNewMessages');
    await alice.sendText('carol', 'gob to JSON');
    assert.equal((await atCarol).data[0].textElem.content, 'gob to JSON');

    const atAlice = alice.next('OnRecvNewMessages');
    await carol.sendText('alice', 'JSON to gob');
    assert.deepEqual(texts((await atAlice).data), ['JSON to gob']);

    const receipt = alice.next('OnRecvC2CReadReceipt');
    await carol.sdk.markConversationMessageAsRead('si_alice_carol');
    assert.equal((await receipt).data[0].userID, 'carol');
  });
}
