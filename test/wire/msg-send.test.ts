/** Every type of content over both doors, and sending in every kind of session: conversations-messages.md 4, 5, 6 and 9. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MsgData, UserSendMsgResp } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { contentTypes } from '../../src/protocol/numbers/contents.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { Listener } from './listener.ts';
import { envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

const picture = { uuid: 'u', type: 'png', size: 5, width: 1, height: 2, url: 'https://x/p.png' };
const pictures = { sourcePicture: picture, bigPicture: picture, snapshotPicture: picture };
const sound = { sourceUrl: 'https://x/s.m4a', dataSize: 9, duration: 1 };
const video = {
  videoUrl: 'https://x/v.mp4',
  videoType: 'mp4',
  videoSize: 9,
  duration: 3,
  snapshotUrl: 'https://x/v.png',
  snapshotWidth: 4,
  snapshotHeight: 5,
};
const file = { sourceUrl: 'https://x/f.txt', fileName: 'f.txt', fileSize: 3 };
const notification = { notificationName: 'Post', notificationType: 1, text: 'hello', mixType: 0 };

/** What back ends may send. */
const good: readonly [contentType: number, content: object][] = [
  [101, { content: '<hi> & "so"', more: [1] }],
  [102, pictures],
  [103, sound],
  [104, video],
  [105, file],
  [106, { text: 'hi @bob', atUserList: ['bob'], isAtSelf: false }],
  [110, { data: '{"a":1}', description: '', extension: '' }],
  [114, { text: 'so it is', quoteMessage: { seq: 1, contentType: 101, textElem: { content: 'is it?' } } }],
  [118, { content: '# hi' }],
];

const without = <T extends object>(from: T, field: keyof T) => ({ ...from, [field]: undefined });

/** What lacks what its type needs, also in what is nested in it. */
const bad: readonly [contentType: number, content: object][] = [
  [101, { content: { an: 'object' } }],
  [118, { content: '' }],
  ...(['type', 'width', 'height', 'url'] as const).map((field): [number, object] => [
    102,
    { ...pictures, bigPicture: without(picture, field) },
  ]),
  [102, without(pictures, 'snapshotPicture')],
  [103, { ...sound, duration: 0 }],
  [103, without(sound, 'sourceUrl')],
  ...(Object.keys(video) as (keyof typeof video)[]).map((field): [number, object] => [104, without(video, field)]),
  ...(Object.keys(file) as (keyof typeof file)[]).map((field): [number, object] => [105, without(file, field)]),
  [105, { ...file, fileSize: 'large' }],
  [106, { text: 'hi' }],
  [106, { text: 'hi', atUserList: 'bob' }],
  [106, { text: 'hi', atUserList: Array.from({ length: 1001 }, (_, i) => `u${i}`) }],
  [110, { data: '' }],
  [110, { data: { an: 'object' } }],
  [114, { text: 'x', quoteMessage: 'gone' }],
  [114, { text: 'x', quoteMessage: { textElem: { content: '' } } }],
  [114, { text: 'x', quoteMessage: { quoteElem: { quoteMessage: { fileElem: {} } } } }],
];

const badNotifications: readonly object[] = [
  without(notification, 'notificationName'),
  without(notification, 'text'),
  { ...notification, notificationType: 0 },
  { ...notification, mixType: 6 },
  { ...notification, mixType: -1 },
  { ...notification, pictureElem: {} },
  { ...notification, soundElem: { ...sound, duration: 0 } },
];

describe('sending', () => {
  let world: World;
  before(async () => {
    world = await World.open();
    // One sorts before its receivers, the other after them.
    for (const userID of ['account', 'zeitung']) {
      await world.call('/user/add_notification_account', { userID, nickName: userID, faceURL: '', appMangerLevel: 3 });
    }
  });
  after(() => world[Symbol.asyncDispose]());

  const send = async (body: object) => envelopeOf(await world.post('/msg/send_msg', body, world.token('admin')));
  const single = { sendID: 'alice', recvID: 'bob', sessionType: 1 };

  test('9.1: whatever a back end may send is stored as it came and pushed', async () => {
    await using bob = await Listener.open(world, 'bob');
    for (const [contentType, content] of good) {
      const sent = await send({ ...single, contentType, content });
      assert.equal(sent.errCode, 0, `${contentType}: ${sent.errDlt}`);
      assert.deepEqual(Object.keys(sent.data as object).sort(), ['clientMsgID', 'sendTime', 'serverMsgID']);
      const { message } = await bob.hear(contentType, { inChat: true });
      assert.equal(Buffer.from(message.content).toString(), JSON.stringify(content));
      assert.deepEqual(message.atUserIDList, contentType === 106 ? ['bob'] : []);
    }
  });

  test('9.1: loosely typed fields become what clients read, nested ones too', async () => {
    await using bob = await Listener.open(world, 'bob', 1);
    const loose = { ...file, fileSize: '3', fileName: 5 };
    assert.equal((await send({ ...single, contentType: 105, content: loose })).errCode, 0);
    const { message } = await bob.hear(105, { inChat: true });
    assert.deepEqual(JSON.parse(Buffer.from(message.content).toString()), { ...file, fileName: '5' });

    const quoteMessage = { seq: 1, fileElem: loose };
    assert.equal((await send({ ...single, contentType: 114, content: { text: 'x', quoteMessage } })).errCode, 0);
    const quote = await bob.hear(114, { inChat: true });
    assert.equal(JSON.parse(Buffer.from(quote.message.content).toString()).quoteMessage.fileElem.fileSize, 3);
  });

  test('9.1: content that lacks what its type needs is 1001, and nothing is stored', async () => {
    const before = await world.call('/msg/newest_seq', { userID: 'alice' });
    for (const [contentType, content] of bad) {
      const { errCode } = await send({ ...single, contentType, content });
      assert.equal(errCode, 1001, `${contentType}: ${JSON.stringify(content).slice(0, 200)}`);
    }
    for (const contentType of [107, 108, 109, 113, 115, 117, 119, 120, 143, 1300, 2001, 2200, 2400]) {
      assert.equal((await send({ ...single, contentType, content: {} })).errDlt, 'unsupported content type');
    }
    assert.deepEqual(await world.call('/msg/newest_seq', { userID: 'alice' }), before);
  });

  for (const account of ['account', 'zeitung']) {
    test(`9.2: a notification of ${account} reaches its receiver, who alone has the conversation`, async () => {
      await using carol = await Listener.open(world, 'carol');
      const conversationID = account < 'carol' ? `sn_${account}_carol` : `sn_carol_${account}`;
      const body = { sendID: account, recvID: 'carol', sessionType: 1, contentType: 1400, content: notification };
      assert.equal((await send(body)).errCode, 0);

      const { message, conversationID: pushedIn } = await carol.hear(1400, { inChat: true });
      assert.equal(pushedIn, conversationID);
      assert.equal(message.sessionType, 4);
      assert.equal(Buffer.from(message.content).toString(), JSON.stringify({ detail: JSON.stringify(notification) }));
      const { conversation } = await world.call('/conversation/get_conversation', {
        conversationID,
        ownerUserID: 'carol',
      });
      assert.partialDeepStrictEqual(conversation, { conversationType: 4, userID: account, groupID: '' });
      const { conversations } = await world.call('/conversation/get_all_conversations', { ownerUserID: account });
      assert.equal(conversations, null);
      const seqRanges = [{ conversationID, begin: 1, end: 9, num: 9 }];
      const { msgs } = await world.call('/msg/pull_msg_by_seq', { userID: 'carol', seqRanges, order: 0 });
      assert.equal(msgs[conversationID].Msgs.length, 1);
    });
  }

  test('9.2: only an account of the system may, and the receiver has to exist', async () => {
    const body = { sendID: 'account', recvID: 'bob', sessionType: 4, contentType: 1400, content: notification };
    assert.equal((await send({ ...body, sendID: 'nobody' })).errCode, 1101);
    assert.equal((await send({ ...body, sendID: 'alice', content: {} })).errCode, 1002, 'asked before the content');
    assert.equal((await send({ ...body, recvID: 'nobody' })).errCode, 1004);
    assert.equal((await send({ ...body, contentType: 101, content: { content: 'x' } })).errCode, 1001);
    for (const content of badNotifications) {
      assert.equal((await send({ ...body, content })).errCode, 1001, JSON.stringify(content));
    }
    const { maxSeqs } = await world.call('/msg/newest_seq', { userID: 'bob' });
    assert.equal(maxSeqs.sn_account_bob, undefined);
  });

  test('4.1: over the socket every type that users may send passes as it is', async () => {
    await using alice = await Listener.open(world, 'alice');
    await using bob = await Listener.open(world, 'bob');
    const types = [...Object.values(contentTypes), 121, 122, 143, 200, 201, 202, 203];
    for (const contentType of types) {
      await alice.ask(
        reqIdentifiers.sendMessage,
        MsgData.encode(chatOf({ contentType, clientMsgID: `c${contentType}` })).finish(),
      );
      const { message } = await bob.hear(contentType, { inChat: true });
      assert.equal(Buffer.from(message.content).toString(), '{"of":"any kind"}');
      assert.equal(message.seq === 0, contentType === contentTypes.typing, `${contentType}`);
    }
  });

  test('5: what a type forces off is off also where the client gave no options', async () => {
    await using alice = await Listener.open(world, 'alice', 2);
    await using bob = await Listener.open(world, 'bob', 2);
    await alice.ask(reqIdentifiers.sendMessage, MsgData.encode(chatOf({ contentType: 113 })).finish());
    const typing = (await bob.hear(113, { inChat: true })).message;
    assert.deepEqual([typing.options.get('history'), typing.options.get('unreadCount')], [false, false]);
    await alice.ask(reqIdentifiers.sendMessage, MsgData.encode(chatOf({ contentType: 111 })).finish());
    const revoke = (await bob.hear(111, { inChat: true })).message;
    assert.deepEqual([...revoke.options].sort(), [
      ['offlinePush', false],
      ['unreadCount', false],
    ]);
  });

  test('bad input: options that claim rights of the system, and chosen times, are not kept', async () => {
    await using alice = await Listener.open(world, 'alice', 3);
    await using bob = await Listener.open(world, 'bob', 3);
    const options = new Map([
      ['isNotNotification', false],
      ['isSendMsg', true],
    ]);
    for (const [index, sendTime] of [1, 9_000_000_000_000_000].entries()) {
      const message = chatOf({ options, sendTime, msgFrom: 200, seq: 77, status: 4, clientMsgID: `forged${index}` });
      const answer = UserSendMsgResp.decode(
        await alice.ask(reqIdentifiers.sendMessage, MsgData.encode(message).finish()),
      );
      assert.ok(answer.sendTime > 1_600_000_000_000 && answer.sendTime < 4_000_000_000_000);
      const heard = await bob.hear(101, { inChat: true });
      assert.equal(heard.conversationID, 'si_alice_bob');
      assert.partialDeepStrictEqual(heard.message, { sendTime: answer.sendTime, msgFrom: 100, status: 2 });
      assert.notEqual(heard.message.seq, 77);
    }
  });

  test('M3: bad input: a clientMsgID used again with other content gets the first answer, and nothing is stored', async () => {
    await using alice = await Listener.open(world, 'alice', 4);
    const sendOnce = async (text: string) => {
      const message = chatOf({ clientMsgID: 'again', content: Buffer.from(JSON.stringify({ content: text })) });
      return UserSendMsgResp.decode(await alice.ask(reqIdentifiers.sendMessage, MsgData.encode(message).finish()));
    };
    const first = await sendOnce('one');
    const before = await world.call('/msg/newest_seq', { userID: 'alice' });
    assert.deepEqual(await sendOnce('another'), first);
    assert.deepEqual(await world.call('/msg/newest_seq', { userID: 'alice' }), before);
  });

  test('bad input over REST: a text of 5 MB, a time before 1970, sessions that do not exist: nothing is stored', async () => {
    const text = { ...single, contentType: 101, content: { content: 'x' } };
    const before = await world.call('/msg/newest_seq', { userID: 'alice' });
    for (const body of [
      { ...text, content: { content: 'x'.repeat(5_000_000) } },
      { ...text, sendTime: -1 },
      { ...text, sessionType: 5 },
      { ...text, sessionType: -1 },
      { ...text, sessionType: 4 },
    ]) {
      assert.equal((await send(body)).errCode, 1001);
    }
    assert.deepEqual(await world.call('/msg/newest_seq', { userID: 'alice' }), before);
  });
});

function chatOf(fields: Partial<MsgData>): MsgData {
  return newMsgData({
    sendID: 'alice',
    recvID: 'bob',
    sessionType: 1,
    contentType: 101,
    content: Buffer.from('{"of":"any kind"}'),
    ...fields,
  });
}
