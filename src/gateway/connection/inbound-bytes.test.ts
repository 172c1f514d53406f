/** Room for what has been read and not been answered, and who is told when there is some again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InboundBytes } from './inbound-bytes.ts';

function reader(userID: string) {
  const told: string[] = [];
  return { userID, told, readOn: () => void told.push('read on') };
}

test('a user is full at the limit, and others are not', () => {
  const inbound = new InboundBytes({ maxInboundBytes: 100, maxInboundBytesPerUser: 10 });
  inbound.take('alice', 9);
  assert.equal(inbound.isFull('alice'), false);
  inbound.take('alice', 1);
  assert.deepEqual([inbound.isFull('alice'), inbound.isFull('bob')], [true, false]);
  inbound.give('alice', 1);
  assert.equal(inbound.isFull('alice'), false);
});

test('all are full at the limit of all', () => {
  const inbound = new InboundBytes({ maxInboundBytes: 20, maxInboundBytesPerUser: 10 });
  for (const userID of ['alice', 'bob']) inbound.take(userID, 10);
  assert.equal(inbound.isFull('carol'), true);
});

test('who is held is told once there is room, and only then', () => {
  const inbound = new InboundBytes({ maxInboundBytes: 100, maxInboundBytesPerUser: 10 });
  const [alice, gone, bob] = [reader('alice'), reader('alice'), reader('bob')];
  for (const userID of ['alice', 'bob']) inbound.take(userID, 10);
  for (const one of [alice, gone, bob]) inbound.hold(one);
  inbound.letGo(gone);
  inbound.give('alice', 1);
  assert.deepEqual([alice.told.length, gone.told.length, bob.told.length], [1, 0, 0]);
});

test('of many who are held some are told at each end of a request, and all by the second', () => {
  const inbound = new InboundBytes({ maxInboundBytes: 10, maxInboundBytesPerUser: 10 });
  inbound.take('alice', 10);
  const readers = Array.from({ length: 100 }, (_, i) => reader(`user ${i}`));
  for (const one of readers) inbound.hold(one);
  const toldCount = () => readers.filter(({ told }) => told.length === 1).length;
  inbound.give('alice', 10);
  assert.ok(toldCount() > 0 && toldCount() < 20);
  inbound.wakeAll();
  assert.equal(toldCount(), 100);
});
