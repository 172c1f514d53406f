/** The walking skeleton's story, told by unmodified pure-JS SDKs: what their users see. */
import assert from 'node:assert/strict';
import { testOnEveryDeployment } from '../support/deployments.ts';
import { eventually, type SdkClient } from '../support/sdk-client.ts';

const conversationID = 'si_alice_bob';

testOnEveryDeployment('JS SDK', {}, async (t, { server, backEnd, device }) => {
  await backEnd.register('alice', 'bob');
  const alice = await device('alice');
  let bobToken = await backEnd.userToken('bob');
  let bob = await device('bob', { token: bobToken });

  await t.test('a message reaches the other user, who sees it unread in a new conversation', async () => {
    const received = bob.next('OnRecvNewMessages');
    const sent = await alice.sendText('bob', 'hello');
    const [message] = (await received).data;
    assert.equal(message.textElem.content, 'hello');
    assert.equal(message.sendID, 'alice');
    assert.equal(message.serverMsgID, sent.serverMsgID);
    assert.equal(message.sendTime, sent.sendTime);
    const atBob = await eventually(() => list(bob), isNotEmpty);
    assert.deepEqual(atBob, [{ conversationID, userID: 'alice', unreadCount: 1, latest: 'hello' }]);
    const atAlice = await eventually(() => list(alice), isNotEmpty);
    assert.deepEqual(atAlice, [{ conversationID, userID: 'bob', unreadCount: 0, latest: 'hello' }]);
  });

  await t.test('the sender does not see its own message as a new one', () => {
    assert.deepEqual(alice.receivedTexts(), []);
  });

  await t.test('M4: who was away has everything on coming back, in order, with the right unread count', async () => {
    await bob.logout();
    for (const text of ['one', 'two', 'three']) await alice.sendText('bob', text);
    bob = await device('bob', { token: bobToken });
    assert.deepEqual(await list(bob), [{ conversationID, userID: 'alice', unreadCount: 4, latest: 'three' }]);
    assert.equal((await bob.sdk.getTotalUnreadMsgCount()).data, 4);
    assert.deepEqual(await history(bob), ['hello', 'one', 'two', 'three']);
  });

  await t.test('reading clears the unread count and tells the sender', async () => {
    const receipt = alice.next('OnRecvC2CReadReceipt');
    await bob.sdk.markConversationMessageAsRead(conversationID);
    const [read] = (await receipt).data;
    assert.equal(read.userID, 'bob');
    assert.equal(read.msgIDList.length, 4);
    assert.equal((await list(bob))[0]?.unreadCount, 0);
  });

  await t.test("M4: a message reaches the sender's other device too", async () => {
    const tablet = await device('alice', { platformID: 9 });
    const seen = tablet.next('OnRecvNewMessages');
    await alice.sendText('bob', 'from the browser');
    assert.equal((await seen).data[0].textElem.content, 'from the browser');
    await tablet.logout();
  });

  await t.test('a profile change reaches the own device', async () => {
    const updated = bob.next('OnSelfInfoUpdated');
    await backEnd.call('/user/update_user_info_ex', { userInfo: { userID: 'bob', nickname: 'Bobby' } });
    assert.equal((await updated).data.nickname, 'Bobby');
  });

  await t.test('T4: a login on a second device of the platform kicks the first, whose token is dead', async () => {
    const kicked = bob.next('OnKickedOffline');
    const second = await device('bob');
    await kicked;
    const { errCode } = await backEnd.post('/auth/parse_token', { token: bobToken });
    assert.equal(errCode, 1506);
    const received = second.next('OnRecvNewMessages');
    await alice.sendText('bob', 'are you there');
    assert.equal((await received).data[0].textElem.content, 'are you there');
    bob = second;
  });

  await t.test('T4: a forced logout reaches the open socket', async () => {
    const kicked = bob.next('OnKickedOffline');
    await backEnd.call('/auth/force_logout', { userID: 'bob', platformID: 5 });
    await kicked;
  });

  await t.test(
    'M1, T1: a server that is killed loses neither messages nor tokens, and clients find back',
    async (t) => {
      bobToken = await backEnd.userToken('bob');
      bob = await device('bob', { token: bobToken });
      await alice.sendText('bob', 'before the crash');
      await server.kill();
      const resynced = Promise.all([alice.next('OnSyncServerFinish'), bob.next('OnSyncServerFinish')]);
      const arrived = (text: string) => bob.next('OnRecvNewMessages', ({ data }) => texts(data).includes(text));
      const caughtUp = arrived('while you were gone');
      await server.start();

      await t.test('M4: what was sent while the connection was lost arrives by itself after reconnecting', async () => {
        await backEnd.call('/msg/send_msg', {
          sendID: 'alice',
          recvID: 'bob',
          content: { content: 'while you were gone' },
          contentType: 101,
          sessionType: 1,
          senderPlatformID: 1,
        });
        await caughtUp;
        await resynced;
        assert.deepEqual(await history(bob, 2), ['before the crash', 'while you were gone']);
      });

      const received = arrived('after the crash');
      await alice.sendText('bob', 'after the crash');
      await received;
      assert.equal((await backEnd.post('/auth/parse_token', { token: bobToken })).errCode, 0);
    },
  );

  await t.test('what is only for who is online reaches a stranger, who can answer', async () => {
    await backEnd.register('erin', 'frank');
    const [erin, frank] = [await device('erin'), await device('frank')];
    const typing = frank.next('OnConversationUserInputStatusChanged');
    await erin.sdk.getOneConversation({ sourceID: 'frank', sessionType: 1 });
    await erin.sdk.changeInputStates({ conversationID: 'si_erin_frank', focus: true });
    assert.equal((await typing).data.userID, 'erin');

    const received = erin.next('OnRecvNewMessages');
    await frank.sendText('erin', 'you were saying?');
    assert.equal((await received).data[0].textElem.content, 'you were saying?');
    assert.equal((await eventually(() => list(erin), isNotEmpty))[0]?.unreadCount, 1);
    assert.equal((await eventually(() => list(frank), isNotEmpty))[0]?.unreadCount, 0);
  });

  await t.test('T1, T7: its end closes the socket, and the user hears that it expired', async () => {
    await backEnd.register('carol');
    const request = { userID: 'carol', platformID: 5, expireTimeSeconds: 3 };
    const { token } = await backEnd.call('/auth/get_user_token', request);
    const carol = await device('carol', { token });
    await carol.next('OnUserTokenExpired');
    assert.ok(!carol.events.some(({ event }) => event === 'OnKickedOffline'));
  });
});

const isNotEmpty = (list: readonly unknown[]) => list.length > 0;

/** The conversation list as the app shows it. */
async function list(client: SdkClient) {
  const { data } = await client.sdk.getConversationListSplit({ offset: 0, count: 20 });
  return data.map((conversation) => ({
    conversationID: conversation.conversationID,
    userID: conversation.userID,
    unreadCount: conversation.unreadCount,
    latest: JSON.parse(conversation.latestMsg).textElem?.content,
  }));
}

/** Texts of the newest messages of the conversation, oldest first. */
async function history(client: SdkClient, count = 20) {
  const { data } = await client.sdk.getAdvancedHistoryMessageList({
    conversationID,
    startClientMsgID: '',
    count,
  } as never);
  return texts(data.messageList);
}

function texts(messages: readonly { textElem?: { content: string } }[]): (string | undefined)[] {
  return messages.map(({ textElem }) => textElem?.content);
}
