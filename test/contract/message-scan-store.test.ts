import assert from 'node:assert/strict';
import type { MessagePlace, ScannedMessage } from '../../src/search/message-scan-store.ts';
import { SqlMessageScanStore } from '../../src/store/sql-message-scan-store.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { messagesAt } from './support/messages-at.ts';

testOnEveryDatabase('MessageScanStore', async (t, { db }) => {
  const messages = new SqlMessageStore(db);
  const store = new SqlMessageScanStore(db);
  const times = [
    { logID: 'sg_b', sentAt: 200 },
    { logID: 'sg_b', sentAt: 200 },
    { logID: 'si_a', sentAt: 100 },
    { logID: 'si_a', sentAt: 300 },
    { logID: 'si_a', sentAt: 99 },
  ];
  await messages.append(messagesAt(times.map((place, index) => ({ ...place, contentType: 100 + index }))));
  const placeOf = ({ sentAt, logID, seq, sendID, contentType }: ScannedMessage) => [
    ...[sentAt, logID, seq],
    ...[sendID, contentType],
  ];

  await t.test('between gives start <= time < end, by time, log and seq, in pieces', async () => {
    const pieces: ScannedMessage[] = [];
    let after: MessagePlace | undefined;
    do {
      const piece = await store.between(100, 300, after, 1);
      pieces.push(...piece);
      after = piece.at(-1);
    } while (after !== undefined);
    assert.deepEqual(pieces.map(placeOf), [
      [100, 'si_a', 1, 'u', 102],
      [200, 'sg_b', 1, 'u', 100],
      [200, 'sg_b', 2, 'u', 101],
    ]);
    assert.deepEqual(await store.between(100, 300, undefined, 10), pieces);
  });

  await t.test('inLog gives those behind a seq, by seq', async () => {
    const seqs = async (...[after, limit]: [number, number]) =>
      (await store.inLog('si_a', after, limit)).map(({ seq }) => seq);
    assert.deepEqual(await seqs(0, 2), [1, 2]);
    assert.deepEqual(await seqs(2, 2), [3]);
    assert.deepEqual(await seqs(3, 2), []);
  });

  await t.test('bodies come in the order asked, undefined where there is none', async () => {
    const [first, none, second] = await store.bodies([
      { logID: 'si_a', seq: 2, sentAt: 0 },
      { logID: 'si_a', seq: 4, sentAt: 0 },
      { logID: 'sg_b', seq: 1, sentAt: 0 },
    ]);
    const stored = async (logID: string, seq: number) => (await messages.bySeqs('', logID, [seq]))[0]?.body;
    assert.deepEqual(first, await stored('si_a', 2));
    assert.equal(none, undefined);
    assert.deepEqual(second, await stored('sg_b', 1));
    assert.deepEqual(await store.bodies([]), []);
  });
});
