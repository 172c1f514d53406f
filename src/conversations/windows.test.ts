/** What an owner may read of a conversation, and what counts as unread there: conversations-messages.md 8.1. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallContext } from '../kernel/caller.ts';
import type { StoredMessage } from '../log/message-store.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { newMsgData } from '../protocol/message.ts';
import type { Conversation } from './conversation.ts';
import { ConversationPreviews } from './conversation-previews.ts';
import type { ConversationView } from './view-store.ts';
import { chatWindow, notificationWindow, readUpTo } from './windows.ts';

const view: ConversationView = {
  conversationID: 'si_a_b',
  logID: 'si_a_b',
  conversationType: 1,
  peerUserID: 'b',
  groupID: '',
  isPinned: false,
  createdAt: 1,
  minSeq: 0,
  maxSeq: 10,
  maxSeqAt: 1,
  ownMinSeq: 0,
  ownMaxSeq: 0,
  readSeq: 0,
};

describe("a chat's window", () => {
  const cases: readonly [fields: Partial<ConversationView>, lower: number, upper: number][] = [
    [{}, 1, 10],
    [{ minSeq: 3 }, 3, 10],
    [{ ownMinSeq: 4 }, 4, 10],
    [{ minSeq: 3, ownMinSeq: 4 }, 4, 10],
    [{ minSeq: 5, ownMinSeq: 4 }, 5, 10],
    [{ ownMaxSeq: 7 }, 1, 7],
    [{ ownMaxSeq: 10 }, 1, 10],
    [{ ownMaxSeq: 11 }, 1, 10],
    [{ ownMaxSeq: -1 }, 1, 0],
    [{ ownMinSeq: 11 }, 11, 10],
  ];
  for (const [fields, lower, upper] of cases) {
    test(`of ${JSON.stringify(fields)} is ${lower} to ${upper}`, () => {
      const window = chatWindow({ ...view, ...fields });
      assert.deepEqual(window, { conversationID: 'si_a_b', logID: 'si_a_b', lower, upper });
    });
  }
});

test('the read position lies within the window, so that nothing else counts as unread', () => {
  const position = (fields: Partial<ConversationView>) => readUpTo({ ...view, ...fields });
  assert.equal(position({ readSeq: 4 }), 4);
  assert.equal(position({ readSeq: 11 }), 10);
  assert.equal(position({ readSeq: 0, ownMinSeq: 6 }), 5);
  assert.equal(position({ readSeq: 0, ownMinSeq: 11 }), 10);
  assert.equal(position({ readSeq: 9, ownMaxSeq: 7 }), 7);
  assert.equal(position({ readSeq: 0, ownMinSeq: 9, ownMaxSeq: 7 }), 7);
});

test('the window of notifications begins where they are not gone', () => {
  const bounds = { minSeq: 3, maxSeq: 9, maxSeqAt: 1 };
  assert.deepEqual(notificationWindow('n_a_b', 'n/a/b', bounds), {
    conversationID: 'n_a_b',
    logID: 'n/a/b',
    lower: 3,
    upper: 9,
  });
  assert.equal(notificationWindow('n_a_b', 'n_a_b', { ...bounds, minSeq: 0 }).lower, 1);
});

describe('a chat list', () => {
  const list = async (...views: Partial<ConversationView>[]) => {
    const asked: { lower: number; upper: number }[] = [];
    const previews = new ConversationPreviews({
      views: { views: async () => views.map((fields) => ({ ...view, ...fields })) },
      messages: {
        newest: async (_reader, windows) => {
          for (const { lower, upper } of windows) asked.push({ lower, upper });
          return new Map(windows.map(({ logID, upper }) => [logID, stored({ seq: upper })]));
        },
        revoked: async () => [],
      },
      conversations: {
        findMany: async (_owner, ids) => ids.map((conversationID) => ({ conversationID }) as Conversation),
      },
      partners: { find: async () => ({ users: new Map(), groups: new Map() }) },
      maxReplyBytes: 1_000_000,
    });
    return { ...(await previews.active({ caller: { userID: 'a' } } as CallContext, 100)), asked };
  };

  test('counts as unread what the owner may read above its position', async () => {
    assert.equal((await list({ readSeq: 4 })).unreadCount, 6);
    assert.equal((await list({ readSeq: 4, ownMaxSeq: 7 })).unreadCount, 3);
    assert.equal((await list({ readSeq: 9, ownMaxSeq: 7 })).unreadCount, 0);
    assert.equal((await list({ readSeq: 0, ownMinSeq: 8 })).unreadCount, 3);
    const two = await list({ readSeq: 4 }, { conversationID: 'si_a_c', logID: 'si_a_c', readSeq: 9 });
    assert.equal(two.unreadCount, 7);
  });

  test('shows counters and the newest message within the window', async () => {
    const { conversations, asked } = await list({ ownMinSeq: 2, ownMaxSeq: 7, readSeq: 9 });
    assert.deepEqual(asked, [{ lower: 2, upper: 7 }]);
    assert.partialDeepStrictEqual(conversations[0], { maxSeq: 7, readSeq: 7, lastMsg: { seq: 7 } });
  });
});

function stored(fields: Partial<StoredMessage>): StoredMessage {
  const seq = fields.seq ?? 1;
  const body = Buffer.from(MsgData.encode(newMsgData({ seq })).finish());
  const sent = { sendID: 'b', sentAt: 1, sessionType: 1, contentType: 101, revocation: undefined, isDeleted: false };
  return { ...sent, seq, isRead: false, body, ...fields };
}
