import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MsgData } from '../protocol/gen/openim.ts';
import { newMsgData } from '../protocol/message.ts';
import { ReachedUsers } from './reached-users.ts';

const message = (seq: number, id = '') => ({ logID: 'si_a_b', recvID: 'b', groupID: '', seq, id });

function delivery(seq: number, serverMsgID = '') {
  const body = Buffer.from(MsgData.encode(newMsgData({ serverMsgID, seq })).finish());
  const audience = { users: ['a', 'b'] };
  return { audience, conversationID: 'si_a_b', logID: 'si_a_b', seq, body, operationID: 'op' };
}

function open(maxPushResults = 100) {
  const clock = { now: 0 };
  return { clock, users: new ReachedUsers({ limits: { maxPushResults }, now: () => clock.now }) };
}

test('who waits for a message hears of it when it is noted, all of them, and not for longer than they want', async () => {
  const { users } = open();
  assert.equal(await users.reachedBy(message(1), 0), undefined);
  assert.equal(await users.reachedBy(message(1), 1), undefined);
  const waiting = [users.reachedBy(message(1), 60_000), users.of('si_a_b 1', 60_000)];
  users.note(delivery(1), new Set(['b']));
  assert.deepEqual(await Promise.all(waiting), [new Set(['b']), new Set(['b'])]);
});

test('what is delivered again reaches more; what is not stored is known by its ID', async () => {
  const { users } = open();
  users.note(delivery(1), new Set(['b']));
  users.note(delivery(1), new Set());
  users.note(delivery(1), new Set(['a']));
  assert.deepEqual(await users.reachedBy(message(1), 0), new Set(['b', 'a']));
  users.note(delivery(0, 'm'), new Set(['b']));
  assert.deepEqual(await users.reachedBy(message(0, 'm'), 0), new Set(['b']));
  assert.equal(await users.reachedBy(message(0, 'n'), 0), undefined);
});

test('results are forgotten after ten minutes', async () => {
  const { users, clock } = open();
  users.note(delivery(1), new Set());
  clock.now = 600_000;
  users.note(delivery(2), new Set());
  assert.ok(await users.reachedBy(message(1), 0));
  clock.now += 1;
  users.note(delivery(3), new Set());
  assert.equal(await users.reachedBy(message(1), 0), undefined);
});

test('limit maxPushResults: so many users and messages are kept in mind', async () => {
  const { users } = open(5);
  users.note(delivery(1), new Set(['b']));
  users.note(delivery(2), new Set(['a', 'b']));
  assert.ok(await users.reachedBy(message(1), 0));
});

test('limit maxPushResults: one more and the oldest is forgotten', async () => {
  const { users } = open(5);
  users.note(delivery(1), new Set(['b']));
  users.note(delivery(2), new Set(['a', 'b', 'c']));
  assert.equal(await users.reachedBy(message(1), 0), undefined);
  assert.ok(await users.reachedBy(message(2), 0));
});
