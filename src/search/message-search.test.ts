import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallContext } from '../kernel/caller.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { newMsgData } from '../protocol/message.ts';
import type { MessageScanStore, ScannedMessage } from './message-scan-store.ts';
import { MessageSearch } from './message-search.ts';
import type { TextPlace } from './text-index-store.ts';

const asAdmin: CallContext = {
  caller: { userID: 'admin', platformID: 10, jti: 'jti', expiresAt: 2_000_000_000_000, isAdmin: true },
  operationID: 'op',
};

const query = {
  ...{ sendID: '', recvID: '', contentType: 0, sessionType: 0, day: '', keyword: '', cursor: '' },
  pagination: { pageNumber: 1, showNumber: 2 },
};

/** Messages of one millisecond each; every second one is alice's, in one of two logs. */
const log: readonly ScannedMessage[] = Array.from({ length: 12 }, (_, index) => ({
  sentAt: index,
  logID: index % 4 < 2 ? 'si_alice_bob' : 'sg_team',
  seq: index + 1,
  sendID: index % 2 === 0 ? 'alice' : 'bob',
  contentType: 101,
}));

function searchThrough(messages: readonly ScannedMessage[], maxSearchedMessages: number): MessageSearch {
  const store: MessageScanStore = {
    between: async (_start, _end, after, limit) =>
      messages.filter(({ sentAt }) => sentAt > (after?.sentAt ?? -1)).slice(0, limit),
    inLog: async (logID, afterSeq, limit) =>
      messages.filter((message) => message.logID === logID && message.seq > afterSeq).slice(0, limit),
    bodies: async (places) =>
      places.map(({ seq }) => Buffer.from(MsgData.encode(newMsgData({ seq, sessionType: 1 })).finish())),
  };
  const limits = {
    ...{ maxNicknameBytes: 1, maxFaceUrlBytes: 1, maxExBytes: 1, maxGroupTextBytes: 1 },
    ...{ maxRequestMsgBytes: 1, maxAnswerBytes: 1000, maxSearchedMessages, maxKeywordBytes: 9 },
  };
  const none = { users: { find: async () => [] }, groups: { findMany: async () => [] } };
  const numbers = new Map([
    ['sg_team', 1],
    ['si_alice_bob', 2],
  ]);
  const byLog = messages
    .map((message) => ({ ...message, logNo: numbers.get(message.logID) ?? 0 }))
    .sort((a, b) => a.logNo - b.logNo || a.seq - b.seq);
  const isBehind = (a: TextPlace, b: TextPlace) => a.logNo > b.logNo || (a.logNo === b.logNo && a.seq > b.seq);
  const index = {
    logNumbers: async () => numbers,
    findAnywhere: async (_words: readonly string[], after: TextPlace | undefined, limit: number) =>
      byLog.filter((place) => after === undefined || isBehind(place, after)).slice(0, limit),
  };
  return new MessageSearch({ messages: store, index, revocations: { revoked: async () => [] }, ...none, limits });
}

const seqsOf = ({ page }: Awaited<ReturnType<MessageSearch['find']>>) => page.map(({ message }) => message.seq);

test('limit maxSearchedMessages: of so many messages all are found and counted', async () => {
  const found = await searchThrough(log, 13).find(asAdmin, { ...query, sendID: 'alice' });
  assert.deepEqual([seqsOf(found), found.total], [[1, 3], 6]);
});

test('limit maxSearchedMessages: beyond so many a search stops, counts what it has found, and says where to go on', async () => {
  const search = searchThrough(log, 5);
  const first = await search.find(asAdmin, { ...query, sendID: 'bob', pagination: { pageNumber: 2, showNumber: 3 } });
  assert.deepEqual([seqsOf(first), first.total], [[], 2]);
  const next = await search.find(asAdmin, { ...query, sendID: 'bob', cursor: first.nextCursor });
  assert.deepEqual(seqsOf(next), [6, 8]);
});

test('limit maxKeywordBytes: a keyword of so many bytes is looked for', async () => {
  assert.equal((await searchThrough(log, 13).find(asAdmin, { ...query, keyword: '三个字' })).total, 12);
});

test('limit maxKeywordBytes: one of more is 1001, and so is one without a word', async () => {
  for (const keyword of ['三个字。', ' \n', '?!']) {
    await assert.rejects(searchThrough(log, 13).find(asAdmin, { ...query, keyword }), { code: 1001 });
  }
});

for (const [name, asked] of [
  ['all messages', {}],
  ['a group', { recvID: 'team', sessionType: 3 }],
  ['a pair and a group of the same ID as a user', { sendID: 'alice', recvID: 'bob' }],
  ['a day', { day: '1970-01-01', recvID: 'bob' }],
  ['a keyword', { keyword: 'any' }],
  ['a keyword in a group', { keyword: 'any', recvID: 'team' }],
] as const) {
  test(`9.10: from cursor to cursor ${name} come once each, whatever a call may look at`, async () => {
    const whole = await searchThrough(log, 100).find(asAdmin, {
      ...{ ...query, ...asked },
      pagination: { pageNumber: 1, showNumber: 100 },
    });
    assert.equal(whole.nextCursor, '');
    for (const most of [1, 2, 3, 5]) {
      const search = searchThrough(log, most);
      const seqs: number[] = [];
      let cursor = '';
      do {
        const found = await search.find(asAdmin, { ...query, ...asked, cursor });
        seqs.push(...seqsOf(found));
        cursor = found.nextCursor;
      } while (cursor !== '');
      assert.deepEqual(seqs, seqsOf(whole));
    }
  });
}
