/** What people do with messages and conversations, in two browsers, and on a second device of one of them. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { fillChat } from '../../support/long-chat.ts';
import { onTheWeb } from '../../support/made-messages.ts';
import type { WasmClient } from '../../support/wasm-client.ts';
import { conversationID, type Stage } from './stage.ts';
import { messages } from './views.ts';
import type { Witness } from './witness.ts';

/** How long two devices may go on showing different things. Failures take as long. */
const patienceMs = 15_000;

/** Begins and ends with alice and bob logged in. @returns a device on which nobody is logged in */
export async function chatStories(t: TestContext, stage: Stage, witness: Witness): Promise<WasmClient> {
  const { alice, bob, backEnd } = stage;
  const tablet = await stage.newDevice();
  await logInOn(tablet, stage, 'bob', 'tablet');

  /** Resolves when both devices of bob show the same. */
  async function inStep(): Promise<void> {
    const endsAt = performance.now() + patienceMs;
    for (;;) {
      const [here, there] = await Promise.all([picture(bob), picture(tablet)]);
      if (performance.now() < endsAt && !isDeepStrictEqual(here, there)) continue;
      assert.deepEqual(here, there, 'the devices of bob');
      return;
    }
  }

  /** Resolves when both sides have the message. */
  async function say(text: string): Promise<string> {
    const arrived = [bob, tablet].map((side) => arrivalOf(side, text));
    const { clientMsgID } = await alice.sendText('bob', text);
    await Promise.all(arrived);
    return clientMsgID;
  }

  async function asBob(path: string, body: object): Promise<void> {
    assert.equal((await backEnd.post(path, { userID: 'bob', ...body }, bob.token)).errCode, 0);
  }

  /** The SDK does not ask that the own devices be told of a clear. An app that wants them in step does. */
  function clearOnTablet(): Promise<void> {
    const deleteSyncOpt = { IsSyncSelf: true };
    return asBob('/msg/clear_conversation_msg', { conversationIDs: [conversationID], deleteSyncOpt });
  }

  await t.test('every kind of message arrives as it was made, on each device', async () => {
    const { url, file, picture, pictures, sound, video } = onTheWeb;
    const text = await alice.sendText('bob', '你好, 👋');
    const card = { userID: 'carol', nickname: 'Carol', faceURL: '', ex: '' };
    const made = [
      [102, 'pictureElem', { sourcePicture: picture }, await alice.call('createImageMessageByURL', pictures)],
      [103, 'soundElem', { sourceUrl: url, duration: 2 }, await alice.call('createSoundMessageByURL', sound)],
      [104, 'videoElem', { videoUrl: url, snapshotUrl: url }, await alice.call('createVideoMessageByURL', video)],
      [105, 'fileElem', { fileName: 'notes.txt', sourceUrl: url }, await alice.call('createFileMessageByURL', file)],
      [
        107,
        'mergeElem',
        { title: 'so far', abstractList: ['hi'] },
        await alice.call('createMergerMessage', { messageList: [text], title: 'so far', summaryList: ['hi'] }),
      ],
      [108, 'cardElem', { userID: 'carol' }, await alice.call('createCardMessage', card)],
      [
        109,
        'locationElem',
        { longitude: 1.5 },
        await alice.call('createLocationMessage', { description: 'here', longitude: 1.5, latitude: 2 }),
      ],
      [
        110,
        'customElem',
        { data: '{"a":1}' },
        await alice.call('createCustomMessage', { data: '{"a":1}', extension: '', description: '' }),
      ],
      [
        114,
        'quoteElem',
        { text: 'yes' },
        await alice.call('createQuoteMessage', { text: 'yes', message: JSON.stringify(text) }),
      ],
      [
        115,
        'faceElem',
        { index: 7, data: 'smile' },
        await alice.call('createFaceMessage', { index: 7, data: 'smile' }),
      ],
      [101, 'textElem', { content: '你好, 👋' }, await alice.call('createForwardMessage', text)],
    ] as const;
    for (const [kind, element, part, message] of made) {
      const { clientMsgID } = message;
      const arrived = [bob, tablet].map((side) =>
        side.next('OnRecvNewMessages', ({ data }) => isIn(data, clientMsgID)),
      );
      await alice.call('sendMessageNotOss', { recvID: 'bob', groupID: '', message });
      for (const { data } of await Promise.all(arrived)) {
        const received = data.find((one: { clientMsgID: string }) => one.clientMsgID === clientMsgID);
        assert.equal(received.contentType, kind);
        assert.partialDeepStrictEqual(received[element], part);
      }
    }
    // The core of this SDK lacks the function that makes one, and shows those of others.
    const told = [bob, tablet].map((side) => side.next('OnRecvNewMessages', ({ data }) => data[0].contentType === 118));
    await backEnd.call('/msg/send_msg', {
      ...{ sendID: 'alice', recvID: 'bob', sessionType: 1, senderPlatformID: 1 },
      ...{ contentType: 118, content: { content: '# from a bot' } },
    });
    await Promise.all(told);
    await inStep();
  });

  await t.test('typing shows while somebody types', async () => {
    const typing = bob.next('OnConversationUserInputStatusChanged');
    await alice.call('changeInputStates', { conversationID, focus: true });
    assert.partialDeepStrictEqual((await typing).data, { conversationID, userID: 'alice' });
  });

  await t.test('what is read on one device is read on the other', async () => {
    const receipt = alice.next('OnRecvC2CReadReceipt');
    const counted = tablet.next('OnTotalUnreadMessageCountChanged', ({ data }) => data === 0);
    await bob.call('markConversationMessageAsRead', conversationID);
    assert.equal((await receipt).data[0].userID, 'bob');
    await counted;
    await inStep();
  });

  await t.test('a message that is taken back shows so everywhere, and in what quotes it', async () => {
    const clientMsgID = await say('oops');
    const original = (await messages(bob, 1))[0];
    const quote = await bob.call('createQuoteMessage', { text: 'what?', message: JSON.stringify(original) });
    const quoted = arrival(alice, quote.clientMsgID);
    await bob.call('sendMessage', { recvID: 'alice', groupID: '', message: quote });
    await quoted;
    const heard = [alice, bob, tablet].map((side) => side.next('OnNewRecvMessageRevoked'));
    await alice.call('revokeMessage', { conversationID, clientMsgID });
    for (const { data } of await Promise.all(heard)) {
      assert.partialDeepStrictEqual(data, { clientMsgID, revokerID: 'alice', sourceMessageSendID: 'alice' });
    }
    await inStep();
    // The core leaves the text in the quote on a device that had it.
    for (const side of [alice, bob, tablet]) {
      const [revoked, quoting] = (await messages(side)).slice(-2);
      assert.deepEqual([revoked?.contentType, quoting?.quoteElem?.quoteMessage.contentType], [2101, 2101]);
      assert.ok(!JSON.stringify(revoked).includes('oops'));
    }
  });

  await t.test('that a message was edited, and what was put to it, is handed on', async () => {
    await say('fiirst');
    const seq = (await messages(bob, 1))[0]?.seq;
    for (const [key, path, what] of [
      ['tessera.edit', '/msg/edit_message', { text: 'first' }],
      ['tessera.reaction', '/msg/add_reaction', { reaction: '👍' }],
    ] as const) {
      const heard = [alice, bob, tablet].map((side) =>
        side.next('OnRecvCustomBusinessMessage', ({ data }) => JSON.stringify(data).includes(key)),
      );
      const body = { conversationID, seq, userID: 'alice', ...what };
      assert.equal((await backEnd.post(path, body, alice.token)).errCode, 0);
      await Promise.all(heard);
    }
    await inStep();
  });

  await t.test('who does not receive is told nothing, and the sender hears so', async () => {
    const setTo = (recvMsgOpt: number) =>
      tablet.next('OnConversationChanged', ({ data }) => data[0].recvMsgOpt === recvMsgOpt);
    const [refusing, receiving] = [setTo(1), setTo(0)];
    await bob.call('setConversation', { conversationID, recvMsgOpt: 1 });
    await refusing;
    await assert.rejects(alice.sendText('bob', 'hello?'), /1001/);
    await bob.call('setConversation', { conversationID, recvMsgOpt: 0 });
    await receiving;
    await say('there you are');
    assert.ok(!JSON.stringify(await messages(bob)).includes('hello?'));
    await inStep();
  });

  await t.test('what the back end announces comes from its notification account, on each device', async () => {
    const { userID: sendID } = await backEnd.call('/user/add_notification_account', {
      ...{ userID: 'newsdesk', nickName: 'News', faceURL: '', appMangerLevel: 3 },
    });
    const received = [bob, tablet].map((side) =>
      side.next('OnRecvNewMessages', ({ data }) => data.some((one: { sendID: string }) => one.sendID === sendID)),
    );
    await backEnd.call('/msg/send_msg', {
      ...{ sendID, recvID: 'bob', sessionType: 4, senderPlatformID: 1, contentType: 1400 },
      content: { notificationName: 'News', notificationFaceURL: '', notificationType: 1, text: 'closed', ex: '' },
    });
    for (const { data } of await Promise.all(received)) {
      assert.partialDeepStrictEqual(data[0], { contentType: 1400, sessionType: 4 });
    }
  });

  await t.test('a message that is deleted for oneself is there for the other side', async () => {
    const clientMsgID = await say('for alice only');
    const seq = (await messages(bob, 1))[0]?.seq;
    await bob.call('deleteMessage', { conversationID, clientMsgID });
    assert.ok(!isIn(await messages(bob), clientMsgID));
    // The SDK does not ask that the own devices be told. An app that wants them in step does.
    const deleted = tablet.next('OnMsgDeleted');
    await asBob('/msg/delete_msgs', { conversationID, seqs: [seq], deleteSyncOpt: { IsSyncSelf: true } });
    await deleted;
    assert.ok(isIn(await messages(alice), clientMsgID));
    await inStep();
  });

  await t.test('a message that is deleted for both is there for nobody', async () => {
    const clientMsgID = await say('for nobody');
    const seq = (await messages(bob, 1))[0]?.seq;
    // The SDK has no parameter for it.
    const deleted = [alice, bob, tablet].map((side) => side.next('OnMsgDeleted'));
    await asBob('/msg/delete_msgs', { conversationID, seqs: [seq], deleteSyncOpt: { IsSyncOther: true } });
    await Promise.all(deleted);
    for (const side of [alice, bob, tablet]) assert.ok(!isIn(await messages(side), clientMsgID));
    await inStep();
  });

  await t.test(
    'pinned and silenced on each device, burnt after reading on both sides; a draft stays where it is',
    async () => {
      await bob.call('setConversationDraft', { conversationID, draftText: 'dear al' });
      const changes = [bob, tablet].flatMap((side) => [
        side.next('OnConversationChanged', ({ data }) => data[0].isPinned),
        side.next('OnConversationChanged', ({ data }) => data[0].recvMsgOpt === 2),
      ]);
      await tablet.call('setConversation', { conversationID, isPinned: true });
      await tablet.call('setConversation', { conversationID, recvMsgOpt: 2 });
      await Promise.all(changes);
      const told = [alice, bob, tablet].map((side) =>
        side.next('OnConversationChanged', ({ data }) => data[0].isPrivateChat),
      );
      await bob.call('setConversation', { conversationID, isPrivateChat: true, burnDuration: 30 });
      await Promise.all(told);
      await say('burn this');
      const drafts = await Promise.all([bob, tablet].map(async (side) => (await conversation(side)).draftText));
      assert.deepEqual(drafts, ['dear al', '']);
      await inStep();
      // With all that the steps before have left.
      await witness.sees({ alice, bob }, conversationID);
      // The notice of it lies in the chat, among what the next steps count.
      const over = [alice, bob, tablet].map((side) =>
        side.next('OnConversationChanged', ({ data }) => !data[0].isPrivateChat),
      );
      await bob.call('setConversation', { conversationID, isPrivateChat: false, isPinned: false, recvMsgOpt: 0 });
      await Promise.all(over);
      await bob.call('setConversationDraft', { conversationID, draftText: '' });
      await inStep();
    },
  );

  await t.test('a hidden conversation is back with the next message, and its history with it', async () => {
    const { length } = await messages(bob, 100);
    await bob.call('hideConversation', conversationID);
    assert.ok(!(await listed(bob)).includes(conversationID));
    await say('still here');
    assert.ok((await listed(bob)).includes(conversationID));
    assert.equal((await messages(bob, 100)).length, length + 1);
    await inStep();
  });

  await t.test('a cleared conversation has only what comes after, on each device of who cleared it', async () => {
    await bob.call('clearConversationAndDeleteAllMsg', conversationID);
    await clearOnTablet();
    await inStep();
    assert.deepEqual(await messages(bob), []);
    assert.ok((await listed(bob)).includes(conversationID));
    const clientMsgID = await say('a new leaf');
    assert.deepEqual(idsOf(await messages(bob)), [clientMsgID]);
    assert.ok((await messages(alice, 100)).length > 10);
    await inStep();
  });

  await t.test('a deleted conversation is gone with its messages, and begins anew with the next one', async () => {
    await bob.call('deleteConversationAndDeleteAllMsg', conversationID);
    assert.ok(!(await listed(bob)).includes(conversationID));
    assert.deepEqual(await messages(bob), []);
    await clearOnTablet();
    const clientMsgID = await say('again');
    assert.ok((await listed(bob)).includes(conversationID));
    assert.deepEqual(idsOf(await messages(bob)), [clientMsgID]);
    await inStep();
  });

  await t.test('who deletes everything has only what comes after', async () => {
    await bob.call('deleteAllMsgFromLocalAndSvr');
    await asBob('/msg/user_clear_all_msg', { deleteSyncOpt: { IsSyncSelf: true } });
    const clientMsgID = await say('and again');
    assert.deepEqual(idsOf(await messages(bob)), [clientMsgID]);
    await inStep();
    await tablet.logout();
    await logInOn(tablet, stage, 'bob', 'new');
    await inStep();
    await tablet.logout();
  });
  return tablet;
}

/** Begins and ends with nobody logged in on the device. */
export async function historyStory(t: TestContext, stage: Stage, device: WasmClient): Promise<void> {
  await t.test('2 000 messages page back in order, without hole', async () => {
    const count = 2000;
    await stage.backEnd.register('dan', 'eve');
    await fillChat(stage, 'dan', 'eve', count);
    await logInOn(device, stage, 'eve', 'eve');
    const seen: { seq: number; sendTime: number }[] = [];
    for (let startClientMsgID = ''; ; ) {
      const { messageList } = await device.call('getAdvancedHistoryMessageList', {
        ...{ conversationID: 'si_dan_eve', startClientMsgID, count: 100, viewType: 0 },
      });
      const [oldest] = messageList;
      if (oldest === undefined) break;
      startClientMsgID = oldest.clientMsgID;
      seen.unshift(...messageList);
    }
    const seqs = new Set(seen.map(({ seq }) => seq));
    assert.deepEqual(
      [...seqs].sort((one, other) => one - other),
      Array.from({ length: count }, (_, index) => index + 1),
    );
    const times = seen.map(({ sendTime }) => sendTime);
    assert.deepEqual(
      times,
      times.toSorted((one, other) => one - other),
    );
    // The core pages by time: of messages of one millisecond on the border of two pages it shows some on both.
    const bySeq = Map.groupBy(seen, ({ seq }) => seq);
    const atSameTime = Map.groupBy(seen, ({ sendTime }) => sendTime);
    for (const [first, second] of bySeq.values()) {
      if (first === undefined || second === undefined) continue;
      assert.ok(new Set(atSameTime.get(first.sendTime)?.map(({ seq }) => seq)).size > 1, `${first.seq} is there twice`);
    }
    await device.logout();
  });
}

/** As on a tablet: a page has one platform, whoever logs in on it. @param storage see `WasmLogin` */
async function logInOn(device: WasmClient, stage: Stage, userID: string, storage: string): Promise<void> {
  const { backEnd, server } = stage;
  const platformID = 9;
  const token = await backEnd.userToken(userID, platformID);
  await device.login({ userID, token, platformID, apiAddr: server.apiUrl, wsAddr: server.wsUrl, storage });
}

/** Of messages. Only the device itself knows of those that were refused. */
const isSent = 2;

/**
 * What a user sees of the chat of alice and bob. Without the unread count: the core counts a message that was deleted unread
 * on the device that has deleted it, and on no other.
 */
async function picture(client: WasmClient) {
  const conversations = (await client.call('getAllConversationList'))
    .filter((one) => one.conversationID === conversationID)
    .map(({ isPinned, recvMsgOpt, isPrivateChat, latestMsg }) => {
      return { isPinned, recvMsgOpt, isPrivateChat, latest: latestMsg && JSON.parse(latestMsg).clientMsgID };
    });
  const sent = (await messages(client, 100)).filter(({ status }) => status === isSent);
  return {
    conversations,
    messages: sent.map(({ clientMsgID, contentType, seq, isRead }) => [clientMsgID, contentType, seq, isRead]),
  };
}

async function conversation(client: WasmClient) {
  return client.call('getOneConversation', { sourceID: 'alice', sessionType: 1 });
}

async function listed(client: WasmClient): Promise<string[]> {
  return (await client.call('getAllConversationList')).map((one) => one.conversationID);
}

function arrival(client: WasmClient, clientMsgID: string) {
  return client.next('OnRecvNewMessages', ({ data }) => isIn(data, clientMsgID));
}

function arrivalOf(client: WasmClient, text: string) {
  return client.next('OnRecvNewMessages', ({ data }) => {
    return data.some((message: { textElem?: { content: string } }) => message.textElem?.content === text);
  });
}

function isIn(list: readonly { clientMsgID: string }[], clientMsgID: string): boolean {
  return list.some((message) => message.clientMsgID === clientMsgID);
}

function idsOf(list: readonly { clientMsgID: string }[]): string[] {
  return list.map(({ clientMsgID }) => clientMsgID);
}
