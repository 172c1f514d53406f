/** Messages and conversations as people use them, told by unmodified pure-JS SDKs: the events and lists of both sides. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { testOnEveryDeployment } from '../support/deployments.ts';
import { fillChat } from '../support/long-chat.ts';
import { onTheWeb } from '../support/made-messages.ts';
import { eventually, type SdkClient } from '../support/sdk-client.ts';
import { onlookers } from './same-picture.ts';

const conversationID = 'si_ann_ben';

testOnEveryDeployment('Messages with the JS SDK', {}, async (t, deployment, isWhole) => {
  const { backEnd, device } = deployment;
  await backEnd.register('ann', 'ben', 'cat', 'dan', 'eve');
  let ann = await device('ann');
  let ben = await device('ben');
  // The SDK passes over its own 2102 and 2200, and over 1703: another device of the same user does not see at once what
  // was deleted, cleared or read on the first. Of the tablet's events the stories ask only for those that the SDK has.
  const tablet = await device('ben', { platformID: 9 });
  // What every step must come to: who was online and a device that was never used show the same.
  const seenBy = onlookers(isWhole);
  t.afterEach(async () => {
    for (const [userID, online] of Object.entries(seenBy({ ann, ben }))) {
      const fresh = await device(userID, { platformID: 8 });
      const [here, there] = await eventually(
        async () => [await picture(online), await picture(fresh)] as const,
        ([one, other]) => isDeepStrictEqual(one, other),
      );
      assert.deepEqual(here, there, `what ${userID} sees`);
      await fresh.logout();
    }
  });

  const send = async (message: Message, options = {}) =>
    (await ann.sdk.sendMessageNotOss({ recvID: 'ben', groupID: '', message, ...options })).data;

  /** Resolves when both sides have the message with its seq, without which the SDK can neither delete nor take back. */
  const say = async (text: string, from = ann, recvID = 'ben') => {
    const { clientMsgID } = await from.sendText(recvID, text);
    for (const side of [ann, ben]) {
      await eventually(
        () => newest(side),
        (message) => message?.clientMsgID === clientMsgID && message.seq > 0,
      );
    }
    return clientMsgID;
  };

  await t.test('every kind of message arrives as it was made', async () => {
    const { url, file, picture, pictures, sound, video } = onTheWeb;
    const { sdk } = ann;
    const text = await send((await sdk.createTextMessage('你好, 👋')).data);
    const made: readonly (readonly [kind: number, element: string, part: object, message: { data: Message }])[] = [
      [102, 'pictureElem', { sourcePicture: picture }, await sdk.createImageMessageByURL(pictures)],
      [103, 'soundElem', { sourceUrl: url, duration: 2 }, await sdk.createSoundMessageByURL(sound)],
      [104, 'videoElem', { videoUrl: url, snapshotUrl: url }, await sdk.createVideoMessageByURL(video)],
      [105, 'fileElem', { fileName: 'notes.txt', sourceUrl: url }, await sdk.createFileMessageByURL(file)],
      [
        107,
        'mergeElem',
        { title: 'so far', abstractList: ['hi'] },
        await sdk.createMergerMessage({ messageList: [text], title: 'so far', summaryList: ['hi'] }),
      ],
      [
        108,
        'cardElem',
        { userID: 'cat' },
        await sdk.createCardMessage({ userID: 'cat', nickname: 'Cat', faceURL: '', ex: '' }),
      ],
      [
        109,
        'locationElem',
        { longitude: 1.5 },
        await sdk.createLocationMessage({ description: 'here', longitude: 1.5, latitude: 2 }),
      ],
      [
        110,
        'customElem',
        { data: '{"a":1}' },
        await sdk.createCustomMessage({ data: '{"a":1}', extension: '', description: '' }),
      ],
      [114, 'quoteElem', { text: 'yes' }, await sdk.createQuoteMessage({ text: 'yes', message: JSON.stringify(text) })],
      [115, 'faceElem', { index: 7, data: 'smile' }, await sdk.createFaceMessage({ index: 7, data: 'smile' })],
      [101, 'textElem', { content: '你好, 👋' }, await sdk.createForwardMessage(text)],
    ];
    for (const [kind, element, part, { data }] of made) {
      const received = ben.next('OnRecvNewMessages', ({ data: [message] }) => message.clientMsgID === data.clientMsgID);
      await send(data);
      const [message] = (await received).data;
      assert.equal(message.contentType, kind);
      assert.partialDeepStrictEqual(message[element], part);
    }
    const told = ben.next('OnRecvNewMessages', ({ data: [message] }) => message.contentType === 118);
    await backEnd.call('/msg/send_msg', { ...between, contentType: 118, content: { content: '# from a bot' } });
    await told;
  });

  await t.test('typing shows while somebody types, and is stored nowhere', async () => {
    const typing = ben.next('OnConversationUserInputStatusChanged');
    await ann.sdk.changeInputStates({ conversationID, focus: true });
    assert.partialDeepStrictEqual((await typing).data, { conversationID, userID: 'ann' });
    assert.deepEqual((await ben.sdk.getInputStates({ conversationID, userID: 'ann' })).data, [5]);
  });

  await t.test('what is read is told to its sender, and is read for a device that was never used', async () => {
    const receipt = ann.next('OnRecvC2CReadReceipt');
    await ben.sdk.markConversationMessageAsRead(conversationID);
    const [read] = (await receipt).data;
    assert.equal(read.userID, 'ben');
    assert.equal(read.msgIDList.length, 13);
    const fresh = await device('ben', { platformID: 8 });
    assert.equal((await conversation(fresh, 'ann')).unreadCount, 0);
    await say('one more');
    const unread = async () => (await conversation(fresh, 'ann')).unreadCount;
    // It has just connected: what is pushed to it waits for a moment.
    assert.equal(await eventually(unread, (count) => count === 1), 1);
    await fresh.logout();
  });

  await t.test('a message that is taken back shows so on both sides, and in what quotes it', async () => {
    const clientMsgID = await say('oops');
    const quote = await ben.sdk.createQuoteMessage({ text: 'what?', message: JSON.stringify(await newest(ben)) });
    const quoted = ann.next('OnRecvNewMessages');
    await ben.sdk.sendMessage({ recvID: 'ann', groupID: '', message: quote.data });
    await quoted;
    await assert.rejects(ben.sdk.revokeMessage({ conversationID, clientMsgID }), { errCode: 10002 });
    const heard = [ann, ben, tablet].map((side) => side.next('OnNewRecvMessageRevoked'));
    await ann.sdk.revokeMessage({ conversationID, clientMsgID });
    for (const { data } of await Promise.all(heard)) {
      assert.partialDeepStrictEqual(data, { clientMsgID, revokerID: 'ann', sourceMessageSendID: 'ann' });
    }
    for (const userID of ['ann', 'ben']) {
      const fresh = await device(userID, { platformID: 8 });
      const [revoked, quoting] = (await history(fresh, 2)).messageList;
      assert.deepEqual([revoked?.contentType, revoked?.clientMsgID], [2101, clientMsgID]);
      assert.equal(quoting?.quoteElem?.quoteMessage.contentType, 2101);
      assert.ok(!JSON.stringify([revoked, quoting]).includes('oops'));
      await fresh.logout();
    }
  });

  await t.test('in a group its owner and admins take back what others have said', async () => {
    const { data: group } = await ann.sdk.createGroup({
      memberUserIDs: ['cat'],
      adminUserIDs: ['ben'],
      groupInfo: { groupName: 'climbers', groupType: 2 },
    });
    const { groupID } = group;
    const cat = await device('cat');
    for (const revoker of [ann, ben]) {
      const { data: message } = await cat.sdk.createTextMessage('against the rules');
      const isIt = ({ data }: { data: { clientMsgID: string }[] }) =>
        data.some(({ clientMsgID }) => clientMsgID === message.clientMsgID);
      const arrived = [ann, ben].map((side) => side.next('OnRecvNewMessages', isIt));
      const { clientMsgID } = (await cat.sdk.sendMessage({ recvID: '', groupID, message })).data;
      await Promise.all(arrived);
      const heard = [ann, ben, cat].map((side) => side.next('OnNewRecvMessageRevoked'));
      await revoker.sdk.revokeMessage({ conversationID: `sg_${groupID}`, clientMsgID });
      for (const { data } of await Promise.all(heard)) {
        assert.partialDeepStrictEqual(data, {
          clientMsgID,
          revokerID: revoker === ann ? 'ann' : 'ben',
          sourceMessageSendID: 'cat',
        });
      }
    }
  });

  await t.test(
    'an edited message and a reaction are handed on; a device that was never used has the text',
    async () => {
      const clientMsgID = await say('fiirst');
      const { seq } = (await newest(ann)) as Message;
      const token = await backEnd.userToken('ann', 9);
      for (const [key, path, what] of [
        ['tessera.edit', '/msg/edit_message', { text: 'first' }],
        ['tessera.reaction', '/msg/add_reaction', { reaction: '👍' }],
      ] as const) {
        const heard = [ann, ben, tablet].map((side) =>
          side.next('OnRecvCustomBusinessMessage', ({ data }) => JSON.stringify(data).includes(key)),
        );
        const { errCode } = await backEnd.post(path, { conversationID, seq, userID: 'ann', ...what }, token);
        assert.equal(errCode, 0);
        await Promise.all(heard);
      }
      // The SDK goes on showing what it holds in memory.
      ann = await device('ann', { platformID: 3 });
      ben = await device('ben', { platformID: 3 });
      for (const side of [ann, ben]) {
        const message = await newest(side);
        assert.deepEqual([message?.clientMsgID, message?.textElem?.content], [clientMsgID, 'first']);
      }
    },
  );

  await t.test('a message that is deleted for oneself is there for the other side', async () => {
    const clientMsgID = await say('for ann only');
    await ben.sdk.deleteMessage({ conversationID, clientMsgID });
    assert.notEqual((await newest(ben))?.clientMsgID, clientMsgID);
    assert.equal((await newest(ann))?.clientMsgID, clientMsgID);
  });

  await t.test('a message that is deleted for both is there for nobody', async () => {
    const clientMsgID = await say('for nobody');
    const { seq } = (await newest(ann)) as Message;
    // The SDK has no parameter for it.
    const deletion = {
      userID: 'ann',
      conversationID,
      seqs: [seq],
      deleteSyncOpt: { isSyncSelf: true, isSyncOther: true },
    };
    const { errCode } = await backEnd.post('/msg/delete_msgs', deletion, await backEnd.userToken('ann', 9));
    assert.equal(errCode, 0);
    // The SDK goes on showing it on the devices that are online.
    ann = await device('ann', { platformID: 3 });
    ben = await device('ben', { platformID: 3 });
    for (const side of [ann, ben]) assert.notEqual((await newest(side))?.clientMsgID, clientMsgID);
  });

  await t.test('pinned and silenced, on each device of the user; burnt after reading, on both sides', async () => {
    const changes = [ben, tablet].flatMap((side) => [
      side.next('OnConversationChanged', ({ data }) => data[0].isPinned),
      side.next('OnConversationChanged', ({ data }) => data[0].recvMsgOpt === 2),
    ]);
    await ben.sdk.setConversation({ conversationID, isPinned: true });
    await ben.sdk.setConversation({ conversationID, recvMsgOpt: 2 });
    await Promise.all(changes);
    assert.partialDeepStrictEqual(await conversation(ann, 'ben'), { isPinned: false, recvMsgOpt: 0 });
    const received = ben.next('OnRecvNewMessages');
    await ann.sendText('ben', 'silent, and there');
    await received;
    for (const isPrivateChat of [true, false]) {
      const told = [ann, ben, tablet].map((side) =>
        side.next('OnConversationChanged', ({ data }) => data[0].isPrivateChat === isPrivateChat),
      );
      await ben.sdk.setConversation({ conversationID, isPrivateChat });
      await Promise.all(told);
      await say(isPrivateChat ? 'burn this' : 'keep this');
      // The SDK's event has it not.
      const { latestMsg } = await conversation(ben, 'ann');
      assert.equal(JSON.parse(latestMsg).attachedInfoElem.isPrivateChat, isPrivateChat);
    }
    await ben.sdk.setConversation({ conversationID, isPinned: false, recvMsgOpt: 0 });
  });

  await t.test('who does not receive is told nothing, and the sender hears so', async () => {
    await ben.sdk.setConversation({ conversationID, recvMsgOpt: 1 });
    await assert.rejects(ann.sendText('ben', 'hello?'), { errCode: 1001 });
    await ben.sdk.setConversation({ conversationID, recvMsgOpt: 0 });
    await say('there you are');
    assert.ok(!ben.receivedTexts().includes('hello?'));
  });

  await t.test('what the back end announces comes from its notification account', async () => {
    const { userID } = await backEnd.call('/user/add_notification_account', {
      ...{ userID: 'newsdesk', nickName: 'News', faceURL: '', appMangerLevel: 3 },
    });
    const received = ben.next('OnRecvNewMessages');
    await backEnd.call('/msg/send_msg', {
      ...{ sendID: userID, recvID: 'ben', sessionType: 4, senderPlatformID: 1, contentType: 1400 },
      content: { notificationName: 'News', notificationFaceURL: '', notificationType: 1, text: 'closed', ex: '' },
    });
    const [message] = (await received).data;
    assert.deepEqual([message.contentType, message.sendID, message.sessionType], [1400, userID, 4]);
  });

  await t.test('a conversation that is cleared has only what comes after, for who cleared it', async () => {
    const cleared = ben.sdk as typeof ben.sdk & { deleteConversationAndDeleteAllMsg(id: string): Promise<unknown> };
    await cleared.deleteConversationAndDeleteAllMsg(conversationID);
    assert.deepEqual((await history(ben, 40)).messageList, []);
    assert.ok((await history(ann, 40)).messageList.length > 20);
    const clientMsgID = await say('again');
    assert.deepEqual(await messageIDs(ben), [clientMsgID]);
  });

  await t.test('who clears everything has only what comes after', async () => {
    await ben.sdk.deleteAllMsgFromLocalAndSvr();
    // The SDK goes on showing what it holds in memory.
    ben = await device('ben', { platformID: 1 });
    assert.deepEqual(await messageIDs(ben), []);
    const clientMsgID = await say('and again');
    assert.deepEqual(await messageIDs(ben), [clientMsgID]);
  });

  await t.test('2 000 messages page back in order, without hole or double', async () => {
    const count = isWhole ? 2000 : 450;
    await fillChat(deployment, 'dan', 'eve', count);
    const eve = await device('eve');
    const seen: Message[] = [];
    for (let isEnd = false; !isEnd; ) {
      const page = await history(eve, 100, seen[0]?.clientMsgID, 'si_dan_eve');
      seen.unshift(...page.messageList);
      isEnd = page.messageList.length === 0;
    }
    const numbers = Array.from({ length: count }, (_, index) => index);
    assert.deepEqual(
      seen.map(({ seq }) => seq - 1),
      numbers,
    );
    const texts = seen.map(({ textElem }) => Number(textElem?.content));
    assert.deepEqual(
      texts.sort((one, other) => one - other),
      numbers,
    );
  });
});

type Message = Awaited<ReturnType<SdkClient['sdk']['createTextMessage']>>['data'];

const between = { sendID: 'ann', recvID: 'ben', sessionType: 1, senderPlatformID: 1 };

/** The conversations and the history of the chat, as a user sees them. */
async function picture(client: SdkClient) {
  const { data: conversations } = await client.sdk.getConversationListSplit({ offset: 0, count: 100 });
  return {
    // Without unread counts: the SDK goes on counting what the server, and so a new device, takes for read. In no order: it
    // leaves a conversation whose newest message was deleted where it was.
    conversations: conversations
      .map(({ conversationID, isPinned, recvMsgOpt, isPrivateChat, latestMsg }) => {
        return [conversationID, isPinned, recvMsgOpt, isPrivateChat, latestMsg && JSON.parse(latestMsg).clientMsgID];
      })
      .sort(),
    messages: (await history(client, 40)).messageList.map(({ seq, contentType, clientMsgID }) => {
      return [seq, contentType, clientMsgID];
    }),
  };
}

async function history({ sdk }: SdkClient, count: number, startClientMsgID = '', id = conversationID) {
  return (await sdk.getAdvancedHistoryMessageList({ conversationID: id, count, startClientMsgID })).data;
}

async function messageIDs(client: SdkClient) {
  return (await history(client, 40)).messageList.map(({ clientMsgID }) => clientMsgID);
}

async function newest(client: SdkClient) {
  return (await history(client, 1)).messageList[0];
}

/** @param sourceID the other side */
async function conversation({ sdk }: SdkClient, sourceID: string) {
  return (await sdk.getOneConversation({ sourceID, sessionType: 1 })).data;
}
