import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newMsgData } from '../protocol/message.ts';
import { causesPushes, pushEntryOf, pushRowIn, pushRowOf } from './push-row.ts';
import { PushTeller } from './push-teller.ts';

const message = newMsgData({ sendID: 'a', recvID: 'b', sessionType: 1, contentType: 101, serverMsgID: 'm' });

test('the title says what kind of message it is, a call and a mention included', () => {
  const titles = [101, 102, 103, 104, 105, 106, 110, 114, 1400, 1601].map((contentType) => {
    const { title, body } = pushRowOf({ ...message, contentType }, 1, 'op', 0).content;
    assert.equal(body, title);
    return title;
  });
  const kinds = ['TEXT', 'PICTURE', 'VOICE', 'VIDEO', 'File', '@TEXT', 'NEWMSG', 'NEWMSG', 'NEWMSG', 'SIGNALINVITE'];
  assert.deepEqual(
    titles,
    kinds.map((kind) => `[${kind}]`),
  );
});

test('what wakes: everything that does not say otherwise, but for rooms and for what one says to oneself', () => {
  const off = new Map([['offlinePush', false]]);
  for (const [expected, fields] of [
    [true, {}],
    [true, { options: new Map([['history', false]]) }],
    [true, { contentType: 1601 }],
    [true, { contentType: 1400, sessionType: 4 }],
    [true, { sessionType: 3, recvID: 'a', groupID: 'g' }],
    [false, { options: off }],
    [false, { contentType: 1601, options: off }],
    [false, { contentType: 1602 }],
    [false, { contentType: 1603 }],
    [false, { recvID: 'a' }],
  ] as const) {
    assert.equal(causesPushes({ ...message, ...fields }), expected, JSON.stringify(fields));
  }
});

test('a row comes back as it was; what a service could not take has a key of its own', () => {
  const row = pushRowOf(message, 7, 'op', 5);
  assert.deepEqual(pushRowIn(pushEntryOf(row)), row);
  const again = { ...row, again: { provider: 'fcm', targets: [['b', 2]] } } as const;
  const [first, second] = [pushEntryOf(row), pushEntryOf(again, 9)];
  assert.deepEqual([first.key, first.dueAt, second.key, second.dueAt], ['si_a_b', undefined, 'fcm si_a_b', 9]);
  assert.equal(first.deliveryID, second.deliveryID);
  assert.deepEqual(pushRowIn(second), again);
});

for (const { name, waiting, ...expected } of [
  { name: 'limit maxWaitingPushes: while fewer wait a message is to wake somebody', waiting: 9, rows: 1, leftOut: 0 },
  { name: 'limit maxWaitingPushes: when as many wait one more wakes nobody', waiting: 10, rows: 0, leftOut: 1 },
]) {
  test(name, () => {
    let leftOut = 0;
    const teller = new PushTeller({
      keep: async () => {},
      wake: () => {},
      waiting: () => waiting,
      limits: { maxWaitingPushes: 10 },
      onLeftOut: () => leftOut++,
      now: () => 0,
    });
    const rows = teller.deliveriesOf(message, 'op')?.({ seq: 1, sentAt: 0 }) ?? [];
    assert.deepEqual({ rows: rows.length, leftOut }, expected);
  });
}
