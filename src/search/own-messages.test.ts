import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConversationView } from '../conversations/view-store.ts';
import type { CallContext } from '../kernel/caller.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { newMsgData } from '../protocol/message.ts';
import { OwnMessages } from './own-messages.ts';
import { type LogPiece, messagesPerBlock } from './text-index-store.ts';

const asAlice: CallContext = {
  caller: { userID: 'alice', platformID: 1, jti: 'jti', expiresAt: 2_000_000_000_000, isAdmin: false },
  operationID: 'op',
};

const query = {
  ...{ userID: 'alice', keyword: 'word', conversationID: '', sendID: '', startTime: 0, endTime: 0 },
  ...{ contentTypes: [], count: 0, cursor: '' },
};

interface Chat {
  readonly id: string;
  /** When it was last active. */
  readonly at: number;
  readonly maxSeq: number;
  /** Seqs of messages that hold the word. */
  readonly hits: readonly number[];
}

/** @param bytes of each message */
function searchIn(chats: readonly Chat[], { maxSearchPieces = 100, maxAnswerBytes = 1_000_000, bytes = 0 } = {}) {
  const active = new Map(chats.map(({ id, at }) => [id, at]));
  const pieces: LogPiece[] = [];
  const search = new OwnMessages({
    views: { views: async () => chats.map(({ id, maxSeq }) => view(id, maxSeq, active.get(id) ?? 0)) },
    index: {
      logNumbers: async () => new Map(chats.map(({ id }, number) => [id, number])),
      find: async (_words, asked) => {
        pieces.push(...asked);
        return asked.map(({ logNo, lower, upper }) =>
          (chats[logNo]?.hits ?? []).filter((seq) => seq >= lower && seq <= upper).toSorted((a, b) => b - a),
        );
      },
    },
    messages: {
      revoked: async () => [],
      bySeqs: async (_readerID, _logID, seqs) => seqs.toSorted((a, b) => a - b).map((seq) => stored(seq, bytes)),
    },
    limits: { maxKeywordBytes: 9, maxSearchPieces, maxAnswerBytes },
    now: () => 100,
  });
  return { search, pieces, becomesActive: (id: string, at: number) => active.set(id, at) };
}

function view(conversationID: string, maxSeq: number, maxSeqAt: number): ConversationView {
  return {
    ...{ conversationID, logID: conversationID, conversationType: 3, peerUserID: '', groupID: '' },
    ...{ ownMinSeq: 0, ownMaxSeq: 0, readSeq: 0, isPinned: false, createdAt: 0, maxSeq, minSeq: 0, maxSeqAt },
  } as ConversationView;
}

function stored(seq: number, bytes: number) {
  const message = newMsgData({ seq, sendID: seq % 2 === 0 ? 'even' : 'odd', sendTime: seq, contentType: 101 });
  return {
    ...{ seq, sendID: message.sendID, sentAt: seq, sessionType: 3, contentType: 101, isRead: false },
    ...{ revocation: undefined, isDeleted: false },
    body: Buffer.from(MsgData.encode({ ...message, content: Buffer.alloc(bytes, 'a') }).finish()),
  };
}

/** Page by page; `between` runs after each. */
async function pagesOf(search: OwnMessages, asked: object, between: () => void = () => {}): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor = '';
  do {
    const page = await search.search(asAlice, { ...query, ...asked, cursor });
    pages.push(page.messages.map(({ conversationID, seq }) => `${conversationID} ${seq}`));
    cursor = page.nextCursor;
    between();
  } while (cursor !== '');
  return pages;
}

const many: readonly Chat[] = Array.from({ length: 12 }, (_, number) => ({
  id: `sg_${String(number).padStart(2, '0')}`,
  at: number % 4,
  maxSeq: 2 * messagesPerBlock + number,
  hits: [1, messagesPerBlock - 1, messagesPerBlock, messagesPerBlock + 1, 2 * messagesPerBlock].slice(number % 3),
}));

const inOrder = many
  .toSorted((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1))
  .flatMap(({ id, hits }) => hits.toSorted((a, b) => b - a).map((seq) => `${id} ${seq}`));

test('limit maxSearchPieces: what lies in so many stretches is found in one call', async () => {
  const { search, pieces } = searchIn(many, { maxSearchPieces: 3 * many.length });
  assert.deepEqual(await pagesOf(search, { count: 100 }), [inOrder]);
  assert.equal(pieces.length, 3 * many.length);
});

test('limit maxSearchPieces: a call looks through no more, and says where to go on', async () => {
  const { search, pieces } = searchIn(many, { maxSearchPieces: 5 });
  const { nextCursor } = await search.search(asAlice, { ...query, count: 100 });
  assert.equal(pieces.length, 5);
  assert.notEqual(nextCursor, '');
  assert.deepEqual((await pagesOf(search, { count: 100 })).flat(), inOrder);
});

for (const count of [1, 2, 7]) {
  test(`9.11: in pages of ${count} each message comes once, in the order of the chats' last activity`, async () => {
    const pages = await pagesOf(searchIn(many).search, { count });
    assert.deepEqual(pages.flat(), inOrder);
    assert.ok(pages.every((page) => page.length <= count));
  });
}

test('9.11: a page ends where an answer has no more room, but has one message at least', async () => {
  const { search } = searchIn([{ id: 'sg_a', at: 1, maxSeq: 5, hits: [1, 2, 3, 4, 5] }], {
    ...{ maxAnswerBytes: 2000, bytes: 700 },
  });
  const pages = await pagesOf(search, {});
  assert.deepEqual(pages.slice(0, 3), [['sg_a 5', 'sg_a 4'], ['sg_a 3', 'sg_a 2'], ['sg_a 1']]);
  const large = searchIn([{ id: 'sg_a', at: 1, maxSeq: 2, hits: [1, 2] }], { maxAnswerBytes: 10, bytes: 700 });
  assert.deepEqual(await pagesOf(large.search, {}), [['sg_a 2'], ['sg_a 1']]);
});

test('9.11: chats that become active meanwhile are looked through at the end, and none is passed over', async () => {
  const { search, becomesActive } = searchIn(many);
  let pages = 0;
  const found = await pagesOf(search, { count: 3 }, () => {
    pages += 1;
    // The last one of all, which has not had its turn.
    if (pages === 1) becomesActive('sg_08', 500);
  });
  assert.deepEqual(new Set(found.flat()), new Set(inOrder));
  assert.ok(
    found
      .flat()
      .slice(-3)
      .every((place) => place.startsWith('sg_08 ')),
  );
});

test('9.11: many that are found and not wanted end a call, not the search', async () => {
  const hits = Array.from({ length: 3000 }, (_, index) => index + 1);
  const { search } = searchIn([{ id: 'sg_a', at: 1, maxSeq: 3000, hits }]);
  const pages = await pagesOf(search, { sendID: 'odd', startTime: 3, endTime: 6 });
  assert.deepEqual(pages.flat(), ['sg_a 5', 'sg_a 3']);
  assert.ok(pages.length > 1);
});
