import assert from 'node:assert/strict';
import type { SentMessage } from '../../src/messaging/activity-store.ts';
import { SqlActivityStore } from '../../src/store/sql-activity-store.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { messagesAt } from './support/messages-at.ts';

testOnEveryDatabase('ActivityStore', async (t, { db }) => {
  const messages = new SqlMessageStore(db);
  const store = new SqlActivityStore(db);
  const times = [
    { logID: 'sg_b', sentAt: 200 },
    { logID: 'sg_b', sentAt: 200 },
    { logID: 'si_a', sentAt: 200 },
    { logID: 'si_a', sentAt: 100 },
    { logID: 'si_a', sentAt: 299 },
    { logID: 'si_a', sentAt: 300 },
    { logID: 'si_a', sentAt: 99 },
  ];
  await messages.append(messagesAt(times));
  const placeOf = ({ sentAt, logID, seq, sendID }: SentMessage) => [sentAt, logID, seq, sendID];

  await t.test('gives start <= time < end, by time, log and seq', async () => {
    assert.deepEqual((await store.sentBetween(100, 300, undefined, 10)).map(placeOf), [
      [100, 'si_a', 2, 'u'],
      [200, 'sg_b', 1, 'u'],
      [200, 'sg_b', 2, 'u'],
      [200, 'si_a', 1, 'u'],
      [299, 'si_a', 3, 'u'],
    ]);
    assert.deepEqual(await store.sentBetween(100, 100, undefined, 10), []);
  });

  await t.test('goes on within a millisecond where a piece has ended', async () => {
    const pieces: SentMessage[] = [];
    let after: SentMessage | undefined;
    do {
      const piece = await store.sentBetween(100, 300, after, 1);
      pieces.push(...piece);
      after = piece.at(-1);
    } while (after !== undefined);
    assert.deepEqual(pieces, await store.sentBetween(100, 300, undefined, 10));
  });
});
