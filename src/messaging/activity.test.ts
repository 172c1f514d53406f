import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallContext } from '../kernel/caller.ts';
import { Activity } from './activity.ts';
import type { ActivityStore, SentMessage } from './activity-store.ts';

const asAdmin: CallContext = {
  caller: { userID: 'admin', platformID: 10, jti: 'jti', expiresAt: 2_000_000_000_000, isAdmin: true },
  operationID: 'op',
};
const query = { start: 1, end: 10, isAscending: false, pagination: { pageNumber: 1, showNumber: 10 } };

/** @param read told of each piece, by the seq that it goes on behind */
function activityOf(log: readonly SentMessage[], read: (afterSeq: number) => Promise<void>): Activity {
  const store: ActivityStore = {
    sentBetween: async (_start, _end, after, limit) => {
      const from = after?.seq ?? 0;
      await read(from);
      return log.slice(from, from + limit);
    },
  };
  const limits = {
    ...{ maxNicknameBytes: 1, maxFaceUrlBytes: 1, maxExBytes: 1, maxGroupTextBytes: 1 },
    ...{ maxRequestMsgBytes: 1, maxAnswerBytes: 1000 },
  };
  return new Activity({ store, users: { find: async () => [] }, groups: { findMany: async () => [] }, limits });
}

/** Nearly three pieces, all in one millisecond. */
const crowded = Array.from({ length: 1490 }, (_, index) => ({
  sentAt: 5,
  logID: index % 10 === 0 ? 'n_a_b' : 'si_a_b',
  seq: index + 1,
  sendID: index % 2 === 0 ? 'a' : 'b',
}));

test('rest-core 9: each message counts once, however many pieces a count takes', async () => {
  const { messages, total, page } = await activityOf(crowded, async () => {}).users(asAdmin, query, false);
  assert.deepEqual([messages, total], [1341, 2]);
  assert.deepEqual(
    page.map(({ id, count }) => [id, count]),
    [
      ['b', 745],
      ['a', 596],
    ],
  );
});

test('rest-core 9: counts run one after another, also after one that fails', async () => {
  const pieces: number[] = [];
  let isBroken = true;
  const activity = activityOf(crowded, async (afterSeq) => {
    pieces.push(afterSeq);
    if (!isBroken || afterSeq === 0) return;
    isBroken = false;
    throw new Error('the database is gone');
  });
  const failing = assert.rejects(activity.users(asAdmin, query, false), /gone/);
  const others = [activity.users(asAdmin, query, false), activity.groups(asAdmin, query)];
  await failing;
  await Promise.all(others);
  assert.deepEqual(pieces, [0, 500, 0, 500, 1000, 0, 500, 1000]);
});
