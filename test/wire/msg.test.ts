/** Sending, pulling and reading over REST: conversations-messages.md 6, 8.3, 9.1 and 9.8. */
import assert from 'node:assert/strict';
import getConversationsHasReadAndMaxSeq from '../../src/http/routes/msg/get_conversations_has_read_and_max_seq.ts';
import markConversationAsRead from '../../src/http/routes/msg/mark_conversation_as_read.ts';
import newestSeq from '../../src/http/routes/msg/newest_seq.ts';
import pullMsgBySeq from '../../src/http/routes/msg/pull_msg_by_seq.ts';
import sendMsg from '../../src/http/routes/msg/send_msg.ts';
import setConversationHasReadSeq from '../../src/http/routes/msg/set_conversation_has_read_seq.ts';
import { within } from '../support/within.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

const chat = 'si_alice_bob';

const text = {
  sendID: 'alice',
  recvID: 'bob',
  content: { content: 'hello' },
  contentType: 101,
  sessionType: 1,
  senderPlatformID: 1,
};

/** Alice sends to bob, so many texts. */
const aliceSends = (count: number) => async (world: World) => {
  for (let index = 1; index <= count; index += 1) {
    await world.call('/msg/send_msg', { ...text, content: { content: `text ${index}` } });
  }
};

/** Resolves when the receipt is stored, which is after the answer. */
async function bobReads(world: World, hasReadSeq: number): Promise<void> {
  await world.call('/msg/mark_conversation_as_read', { userID: 'bob', conversationID: chat, hasReadSeq });
  const stored = async () => {
    for (;;) {
      const { maxSeqs } = await world.call('/msg/newest_seq', { userID: 'bob' });
      if (maxSeqs.n_alice_bob !== undefined) return;
    }
  };
  await within('the receipt to be stored', stored());
}

const bindingFailures: Scenario[] = [
  ['sendID', { ...text, sendID: '' }],
  ['content', { ...text, content: null }],
  ['contentType', { ...text, contentType: 0 }],
  ['sessionType', { ...text, sessionType: 0 }],
  ['recvID', { ...text, recvID: '' }],
  ['groupID', { ...text, sessionType: 3 }],
].map(([field, body]) => ({
  name: `without ${field} it does not bind: HTTP 400 and 1001, also for a user`,
  token: 'user',
  body,
  expect: { httpStatus: 400, errCode: 1001, errDlt: `${field} is empty` },
}));

testEndpoint(sendMsg, [
  {
    name: 'M1: the answer names the message, and the message is there',
    body: text,
    expect: {
      errCode: 0,
      data: async (sent: { serverMsgID: string; clientMsgID: string; sendTime: number }, world: World) => {
        assert.match(sent.serverMsgID, /^[0-9a-f]{32}$/);
        assert.ok(sent.clientMsgID !== '');
        const [stored] = await pullAs('bob', world);
        assert.partialDeepStrictEqual(stored, {
          ...sent,
          seq: 1,
          status: 2,
          sendID: 'alice',
          msgFrom: 200,
          isRead: false,
        });
        assert.equal(Buffer.from(stored?.content ?? '', 'base64').toString(), '{"content":"hello"}');
      },
    },
  },
  {
    name: 'an admin may choose the time',
    body: { ...text, sendTime: 1_700_000_000_000 },
    expect: { errCode: 0, data: ({ sendTime }: { sendTime: number }) => assert.equal(sendTime, 1_700_000_000_000) },
  },
  {
    name: 'isOnlineOnly stores nothing',
    body: { ...text, recvID: 'carol', isOnlineOnly: true },
    expect: {
      errCode: 0,
      data: async (_sent: unknown, world: World) => {
        assert.deepEqual(await world.call('/msg/newest_seq', { userID: 'carol' }), {});
      },
    },
  },
  {
    name: 'M5: a user may not send over REST, not even as itself',
    token: 'user',
    body: text,
    expect: { errCode: 1002 },
  },
  {
    name: 'a content type that back ends cannot send is 1001',
    body: { ...text, contentType: 113 },
    expect: { errCode: 1001, errDlt: 'unsupported content type' },
  },
  {
    name: 'a text without text is 1001',
    body: { ...text, content: { content: '' } },
    expect: { errCode: 1001, errDlt: 'content.content is empty' },
  },
  { name: 'an unknown sender is 1004', body: { ...text, sendID: 'nobody' }, expect: { errCode: 1004 } },
  { name: 'an unknown receiver is 1004', body: { ...text, recvID: 'nobody' }, expect: { errCode: 1004 } },
  { name: 'an unknown group is 1004', body: { ...text, sessionType: 3, groupID: 'g' }, expect: { errCode: 1004 } },
  {
    name: 'session type 2 is refused',
    body: { ...text, sessionType: 2, groupID: 'g' },
    expect: { errCode: 1001, errDlt: 'unknown sessionType' },
  },
  {
    name: 'a receiver who receives nothing is told nothing: 1001',
    given: async (world) => {
      await world.register('silent');
      await world.call('/user/update_user_info_ex', { userInfo: { userID: 'silent', globalRecvMsgOpt: 1 } });
    },
    body: { ...text, recvID: 'silent' },
    expect: { errCode: 1001, errDlt: 'message is not sent' },
  },
  ...bindingFailures,
]);

testEndpoint(
  newestSeq,
  [
    {
      name: 'the newest seq of each conversation that has messages',
      token: 'user',
      body: { userID: 'alice' },
      expect: { errCode: 0, data: { maxSeqs: { [chat]: 3 } } },
    },
    {
      name: 'the companion conversation is told once something is in it',
      given: (world) => bobReads(world, 3),
      token: 'other',
      body: { userID: 'bob' },
      expect: { errCode: 0, data: { maxSeqs: { [chat]: 3, n_alice_bob: 1 } } },
    },
    { name: 'empty maps are left out', body: { userID: 'carol' }, expect: { errCode: 0, data: {} } },
    { name: 'M5: not of others', token: 'user', body: { userID: 'bob' }, expect: { errCode: 1002 } },
    { name: 'no userID is 1001', body: {}, expect: { errCode: 1001, errDlt: 'userID is empty' } },
  ],
  { setUp: aliceSends(3) },
);

const ranges = (...seqRanges: object[]) => ({ userID: 'bob', seqRanges, order: 0 });

testEndpoint(
  pullMsgBySeq,
  [
    {
      name: 'a range gives its newest num, ascending, and whether the end was reached',
      token: 'other',
      body: ranges({ conversationID: chat, begin: 0, end: 5, num: 2 }),
      expect: { errCode: 0, data: pulled(chat, ['text 4', 'text 5'], true) },
    },
    {
      name: 'a range before the end is not the end',
      token: 'other',
      body: ranges({ conversationID: chat, begin: 1, end: 3, num: 10 }),
      expect: { errCode: 0, data: pulled(chat, ['text 1', 'text 2', 'text 3'], false) },
    },
    {
      name: 'descending, the end is the first seq',
      token: 'other',
      body: { ...ranges({ conversationID: chat, begin: 1, end: 2, num: 10 }), order: 1 },
      expect: { errCode: 0, data: pulled(chat, ['text 1', 'text 2'], true) },
    },
    {
      name: 'O1: a range beyond everything and a num without bound cost nothing',
      token: 'other',
      body: ranges({ conversationID: chat, begin: -5, end: 9e15, num: 9e15 }),
      expect: { errCode: 0, data: pulled(chat, ['text 1', 'text 2', 'text 3', 'text 4', 'text 5'], true) },
    },
    {
      name: 'what cannot be pulled is left out: num 0, nothing in range, no such conversation',
      token: 'other',
      body: ranges(
        { conversationID: chat, begin: 1, end: 5, num: 0 },
        { conversationID: chat, begin: 6, end: 9, num: 5 },
        { conversationID: 'si_bob_nobody', begin: 1, end: 9, num: 5 },
      ),
      expect: { errCode: 0, data: {} },
    },
    {
      name: "M5: a conversation of others gives nothing, nor do its notifications, also under one's own userID",
      given: (world) => bobReads(world, 5),
      body: {
        userID: 'carol',
        seqRanges: [
          { conversationID: chat, begin: 1, end: 9, num: 9 },
          { conversationID: 'n_alice_bob', begin: 1, end: 9, num: 9 },
        ],
        order: 0,
      },
      expect: { errCode: 0, data: {} },
    },
    {
      name: 'the receipt is in the notifications of both sides, whatever num says',
      token: 'user',
      body: { userID: 'alice', seqRanges: [{ conversationID: 'n_alice_bob', begin: 1, end: 9, num: 0 }], order: 0 },
      expect: {
        errCode: 0,
        data: ({
          notificationMsgs,
        }: {
          notificationMsgs: Record<string, { Msgs: { contentType: number; content: string }[] }>;
        }) => {
          const [receipt, ...more] = notificationMsgs.n_alice_bob?.Msgs ?? [];
          assert.equal(receipt?.contentType, 2200);
          assert.deepEqual(JSON.parse(JSON.parse(Buffer.from(receipt?.content ?? '', 'base64').toString()).detail), {
            markAsReadUserID: 'bob',
            conversationID: chat,
            seqs: [1, 2, 3, 4, 5],
            hasReadSeq: 5,
          });
          assert.deepEqual(more, []);
        },
      },
    },
    {
      name: 'O2: of one conversation named a thousand times the last range counts',
      token: 'other',
      body: ranges(...Array.from({ length: 1000 }, () => ({ conversationID: chat, begin: 1, end: 5, num: 5 }))),
      expect: {
        errCode: 0,
        data: ({ msgs }: { msgs: Record<string, { Msgs: unknown[] }> }) => assert.equal(msgs[chat]?.Msgs.length, 5),
      },
    },
    {
      name: 'O2: more ranges than any client names are 1001',
      token: 'other',
      body: ranges(...Array.from({ length: 2001 }, () => ({ conversationID: chat, begin: 1, end: 5, num: 5 }))),
      expect: { errCode: 1001, errDlt: 'seqRanges has more than 2000 elements' },
    },
    { name: 'M5: not for others', token: 'user', body: ranges(), expect: { errCode: 1002 } },
    { name: 'no ranges is an empty answer', token: 'other', body: ranges(), expect: { errCode: 0, data: {} } },
  ],
  { setUp: aliceSends(5) },
);

testEndpoint(
  getConversationsHasReadAndMaxSeq,
  [
    {
      name: 'all conversations without IDs: read position, newest seq and its time',
      token: 'other',
      body: { userID: 'bob' },
      expect: { errCode: 0, data: positions({ [chat]: [3, 0] }) },
    },
    {
      name: 'the sender has read what it sent',
      token: 'user',
      body: { userID: 'alice' },
      expect: { errCode: 0, data: positions({ [chat]: [3, 3] }) },
    },
    {
      name: 'M5: zeros for conversations that are not the user’s, whether or not they exist',
      body: { userID: 'carol', conversationIDs: [chat, 'si_no_such'] },
      expect: { errCode: 0, data: positions({ [chat]: [0, 0], si_no_such: [0, 0] }) },
    },
    { name: 'M5: not of others', token: 'user', body: { userID: 'bob' }, expect: { errCode: 1002 } },
    { name: 'no userID is 1001', body: {}, expect: { errCode: 1001, errDlt: 'userID is empty' } },
    {
      name: 'O2: a list that no client sends is 1001',
      token: 'user',
      body: { userID: 'alice', conversationIDs: Array.from({ length: 10_001 }, () => 'si_x') },
      expect: { errCode: 1001, errDlt: /conversationIDs.*at most 10000/ },
    },
  ],
  { setUp: aliceSends(3) },
);

const mark = (hasReadSeq: number, seqs: number[] = []) => ({ userID: 'bob', conversationID: chat, hasReadSeq, seqs });

testEndpoint(
  markConversationAsRead,
  [
    { name: 'marks up to a seq', token: 'other', body: mark(2), expect: leadsTo({ readSeq: 2, read: [1, 2] }) },
    {
      name: 'seqs beyond are marked too',
      token: 'other',
      body: mark(2, [4]),
      expect: leadsTo({ readSeq: 2, read: [1, 2, 4] }),
    },
    {
      name: 'a read position never goes down',
      token: 'other',
      body: mark(1),
      expect: leadsTo({ readSeq: 2, read: [1, 2, 4] }),
    },
    {
      name: 'O1: a position beyond the newest message is the newest message',
      token: 'other',
      body: mark(9e15),
      expect: leadsTo({ readSeq: 5, read: [1, 2, 3, 4, 5] }),
    },
    {
      name: 'a conversation that the user does not have is 1004',
      body: { ...mark(1), userID: 'carol' },
      expect: { errCode: 1004 },
    },
    { name: 'M5: not for others', token: 'user', body: mark(1), expect: { errCode: 1002 } },
    { name: 'a position below 1 is 1001', token: 'other', body: mark(0), expect: { errCode: 1001 } },
    { name: 'a seq of 0 is 1001', token: 'other', body: mark(1, [0]), expect: { errCode: 1001 } },
    {
      name: 'no conversationID is 1001',
      token: 'other',
      body: { ...mark(1), conversationID: '' },
      expect: { errCode: 1001 },
    },
    { name: 'no userID is 1001', token: 'other', body: { ...mark(1), userID: '' }, expect: { errCode: 1001 } },
  ],
  { setUp: aliceSends(5) },
);

testEndpoint(
  setConversationHasReadSeq,
  [
    {
      name: 'moves the position and marks nothing',
      token: 'other',
      body: mark(2),
      expect: leadsTo({ readSeq: 2, read: [] }),
    },
    { name: 'a position beyond the newest message is 1001', token: 'other', body: mark(6), expect: { errCode: 1001 } },
    {
      name: 'M5: a conversation of others is a success that changes and tells nothing, whatever its length',
      body: { ...mark(9e15), userID: 'carol' },
      expect: { errCode: 0 },
    },
    { name: 'M5: not for others', token: 'user', body: mark(1), expect: { errCode: 1002 } },
    { name: 'a position below 1 is 1001', token: 'other', body: mark(0), expect: { errCode: 1001 } },
  ],
  { setUp: aliceSends(5) },
);

interface PulledMessage {
  readonly seq: number;
  readonly isRead: boolean;
  readonly content: string;
}

async function pullAs(userID: string, world: World): Promise<PulledMessage[]> {
  const seqRanges = [{ conversationID: chat, begin: 1, end: 1000, num: 1000 }];
  return (await world.call('/msg/pull_msg_by_seq', { userID, seqRanges, order: 0 })).msgs[chat].Msgs;
}

function pulled(conversationID: string, texts: readonly string[], isEnd: boolean) {
  return ({ msgs }: { msgs: Record<string, { Msgs: PulledMessage[]; isEnd: boolean }> }) => {
    const found = msgs[conversationID];
    assert.deepEqual(
      found?.Msgs.map(({ content }) => JSON.parse(Buffer.from(content, 'base64').toString()).content),
      texts,
    );
    assert.equal(found.isEnd, isEnd);
  };
}

/** By conversation: [maxSeq, hasReadSeq]. */
function positions(expected: Readonly<Record<string, readonly [number, number]>>) {
  return ({
    seqs,
    pinnedConversationIDs,
  }: {
    seqs: Record<string, Record<string, number>>;
    pinnedConversationIDs: null;
  }) => {
    assert.deepEqual(
      Object.fromEntries(Object.entries(seqs).map(([id, { maxSeq, hasReadSeq }]) => [id, [maxSeq, hasReadSeq]])),
      expected,
    );
    for (const { maxSeq, maxSeqTime = 0 } of Object.values(seqs)) assert.equal(maxSeqTime > 0, maxSeq !== 0);
    assert.equal(pinnedConversationIDs, null);
  };
}

/** Success without data, after which bob's position and alice's view of her messages are these. */
function leadsTo({ readSeq, read }: { readSeq: number; read: number[] }): Scenario['expect'] {
  return {
    errCode: 0,
    data: async (data: unknown, world: World) => {
      assert.equal(data, undefined);
      const { seqs } = await world.call('/msg/get_conversations_has_read_and_max_seq', { userID: 'bob' });
      assert.equal(seqs[chat].hasReadSeq, readSeq);
      const stored = await pullAs('alice', world);
      assert.deepEqual(
        stored.filter(({ isRead }) => isRead).map(({ seq }) => seq),
        read,
      );
    },
  };
}
