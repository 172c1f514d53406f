/** Splicing stored bytes must give exactly what encoding the objects would mean. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GetSeqMessageResp, MsgData, PullMessageBySeqsResp, PullMsgs, PushMessages } from './gen/openim.ts';
import { isLargerThan, newMsgData, optionEnabled, placeholder, shortened } from './message.ts';
import { encodePullMsgs, encodePullReply, encodePush, withReadFlag, withSeq } from './message-bytes.ts';

const sample = newMsgData({
  sendID: 'u1',
  recvID: 'u2',
  clientMsgID: 'c1',
  sessionType: 1,
  contentType: 101,
  content: Buffer.from('{"content":"hi"}'),
  sendTime: 1_700_000_000_000,
  options: new Map([['notPrivate', false]]),
});
const body = MsgData.encode(sample).finish();

describe('messages', () => {
  test('a new message has zero values, and shares nothing with the next', () => {
    const first = newMsgData();
    first.atUserIDList.push('u1');
    first.options.set('history', false);
    assert.deepEqual(newMsgData(), MsgData.decode(new Uint8Array(0)));
  });

  test('an option that is missing is on', () => {
    const options = new Map([
      ['history', false],
      ['senderSync', true],
    ]);
    assert.equal(optionEnabled(options, 'history'), false);
    assert.equal(optionEnabled(options, 'senderSync'), true);
    assert.equal(optionEnabled(options, 'offlinePush'), true);
    assert.equal(optionEnabled(new Map(), 'unreadCount'), true);
  });
});

describe('the size of a message', () => {
  const ids = Array.from({ length: 50 }, (_, index) => `用户${index}`);
  const push = { title: '标题', desc: '说明', ex: '', iOSPushSound: '声', iOSBadgeCount: true, signalInfo: '信' };
  const messages: readonly [name: string, message: MsgData][] = [
    ['Latin', newMsgData({ content: Buffer.from('x'.repeat(3000)) })],
    ['Chinese', newMsgData({ sendID: '用'.repeat(80), senderNickname: '名'.repeat(80), ex: '备'.repeat(900) })],
    ['numbers', newMsgData({ sendTime: 2 ** 52, createTime: 2 ** 52, seq: 2 ** 52, status: -1, contentType: -1 })],
    ['options', newMsgData({ options: new Map(ids.map((id) => [id, true])) })],
    ['lists', newMsgData({ atUserIDList: ids, offlinePushInfo: push })],
  ];
  for (const [name, message] of messages) {
    test(`is judged to the byte: ${name}`, () => {
      const { length } = MsgData.encode(message).finish();
      assert.equal(isLargerThan(message, length), false);
      assert.equal(isLargerThan(message, length - 1), true);
    });
  }
});

describe('a shortened message', () => {
  const of = (fields: Partial<MsgData>) => {
    const bytes = shortened(MsgData.encode(newMsgData(fields)).finish());
    return { bytes: bytes.length, message: MsgData.decode(bytes) };
  };
  const wordOf = (message: MsgData) => JSON.parse(Buffer.from(message.content).toString()).content;

  test('is a text that keeps who, when and which', () => {
    const kept = { sendID: 'a', recvID: 'b', clientMsgID: 'c', serverMsgID: 's', seq: 7, sendTime: 5, sessionType: 1 };
    const { message } = of({ ...kept, contentType: 114, content: Buffer.from(`{"text":"${'long '.repeat(900)}"}`) });
    assert.partialDeepStrictEqual(message, { ...kept, contentType: 101 });
    assert.equal(wordOf(message), `${'long '.repeat(40)}…`);
  });

  test('says nothing of what has no words', () => {
    for (const content of ['{"data":"x"}', 'not JSON', '{"content":7}', 'null']) {
      assert.equal(wordOf(of({ contentType: 110, content: Buffer.from(content) }).message), '…');
    }
  });

  test('is below 4 KB, whatever it was', () => {
    const id = '用'.repeat(85);
    const ids = { sendID: id, recvID: id, groupID: id, clientMsgID: id, serverMsgID: id };
    const large = { senderNickname: '名'.repeat(9000), senderFaceURL: 'x'.repeat(9000), ex: 'x'.repeat(9000) };
    const content = Buffer.from(JSON.stringify({ content: '\u0001'.repeat(9000) }));
    const options = new Map(Array.from({ length: 900 }, (_, index) => [`option${index}`, false] as const));
    const { bytes } = of({ ...ids, ...large, content, options, attachedInfo: `"${'x'.repeat(9000)}"` });
    assert.ok(bytes < 4000, `${bytes} bytes`);
  });

  test('does not cut a character in two', () => {
    const { message } = of({ content: Buffer.from(JSON.stringify({ content: `x${'😀'.repeat(300)}` })) });
    assert.ok(wordOf(message).isWellFormed());
  });
});

describe('spliced messages', () => {
  for (const seq of [1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
    test(`seq ${seq} is added to an encoded message`, () => {
      assert.deepEqual(toObject(MsgData.decode(withSeq(body, seq))), toObject({ ...sample, seq }));
    });
  }

  test('a message is marked as read, whatever it said before', () => {
    assert.equal(MsgData.decode(withReadFlag(body)).isRead, true);
    assert.equal(MsgData.decode(withReadFlag(withReadFlag(withSeq(body, 5)))).isRead, true);
    assert.equal(MsgData.decode(withReadFlag(withSeq(body, 5))).seq, 5);
  });

  test('a placeholder has a seq, a time and the status that clients do not show', () => {
    const expected = newMsgData({ seq: 7, sendTime: 1_700_000_000_000, status: 4 });
    assert.deepEqual(MsgData.decode(placeholder(7, 1_700_000_000_000)), expected);
    assert.deepEqual(MsgData.decode(placeholder(7, 0)), newMsgData({ seq: 7, status: 4 }));
  });
});

describe('spliced pulls', () => {
  const big = MsgData.encode(newMsgData({ ex: 'x'.repeat(70_000) })).finish();

  const pulls: [name: string, bodies: Uint8Array[], isEnd: boolean, endSeq: number][] = [
    ['nothing', [], false, 0],
    ['the end alone', [], true, 300],
    ['one message', [body], false, 0],
    ['several, in order, of every length', [body, new Uint8Array(0), big, body], true, 2 ** 40],
  ];
  for (const [name, bodies, isEnd, endSeq] of pulls) {
    test(`PullMsgs: ${name}`, () => {
      const msgs = bodies.map((bytes) => MsgData.decode(bytes));
      const expected = PullMsgs.encode({ Msgs: msgs, isEnd, endSeq }).finish();
      assert.ok(encodePullMsgs(bodies, isEnd, endSeq).equals(expected));
    });
  }

  test('a reply is byte for byte what the generated encoder writes', () => {
    const chats = new Map([
      ['si_u1_u2', encodePullMsgs([body, big], true, 9)],
      ['sg_用', encodePullMsgs([], true, 3)],
    ]);
    const notifications = new Map([['n_u1_u1', encodePullMsgs([body], false, 0)]]);
    const expected = PullMessageBySeqsResp.encode({
      msgs: decodeAll(chats),
      notificationMsgs: decodeAll(notifications),
    }).finish();
    assert.ok(encodePullReply(chats, notifications).equals(expected));
  });

  test('a conversation without messages keeps its entry, with the value field that JavaScript clients need', () => {
    const reply = encodePullReply(new Map([['si_a_b', Buffer.alloc(0)]]), new Map());
    assert.equal(reply.toString('hex'), `0a0a0a06${Buffer.from('si_a_b').toString('hex')}1200`);
    assert.deepEqual(
      GetSeqMessageResp.decode(reply).msgs,
      new Map([['si_a_b', { Msgs: [], isEnd: false, endSeq: 0 }]]),
    );
  });

  test('an empty reply is empty', () => {
    assert.equal(encodePullReply(new Map(), new Map()).length, 0);
  });

  test('a push goes to the map that its conversation ID names', () => {
    const chat = PushMessages.decode(encodePush('si_u1_u2', body));
    assert.deepEqual([[...chat.msgs.keys()], chat.notificationMsgs.size], [['si_u1_u2'], 0]);
    assert.equal(chat.msgs.get('si_u1_u2')?.Msgs[0]?.clientMsgID, 'c1');
    const notification = PushMessages.decode(encodePush('n_u1_u2', body));
    assert.deepEqual([notification.msgs.size, [...notification.notificationMsgs.keys()]], [0, ['n_u1_u2']]);
  });

  test('a push is a pull reply of one message, whatever their lengths', () => {
    for (const length of [0, 1, 100, 122, 127, 128, 16_383, 16_384, 70_000]) {
      const bytes = Buffer.alloc(length, 1);
      const entry = (id: string) => new Map([[id, encodePullMsgs([bytes], false, 0)]]);
      const [chat, notices] = ['si_用_u2', `n_${'u'.repeat(200)}`] as const;
      assert.ok(encodePush(chat, bytes).equals(encodePullReply(entry(chat), new Map())), `${length}`);
      assert.ok(encodePush(notices, bytes).equals(encodePullReply(new Map(), entry(notices))), `${length}`);
    }
  });

  test('a push of one text message is the sample of the protocol', () => {
    const text = newMsgData({
      sendID: 'u2',
      recvID: 'u1',
      clientMsgID: 'c1',
      serverMsgID: 's1',
      senderPlatformID: 2,
      sessionType: 1,
      msgFrom: 100,
      contentType: 101,
      content: Buffer.from('{"content":"hi"}'),
      seq: 1,
      sendTime: 1_700_000_000_000,
      createTime: 1_700_000_000_000,
      status: 2,
    });
    const hex =
      '0a4c0a0873695f75315f753212400a3e0a02753212027531220263312a027331300248015064586562107b22636f6e74656e74223a226869227d70017880d095ffbc31800180d095ffbc31880102';
    assert.equal(encodePush('si_u1_u2', MsgData.encode(text).finish()).toString('hex'), hex);
  });
});

/** Bytes compare by value, whether Buffer or Uint8Array. */
function toObject(msg: MsgData): object {
  return { ...msg, content: Buffer.from(msg.content).toString('hex') };
}

function decodeAll(values: ReadonlyMap<string, Uint8Array>): Map<string, PullMsgs> {
  return new Map([...values].map(([key, value]) => [key, PullMsgs.decode(value)]));
}
