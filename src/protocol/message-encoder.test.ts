import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MsgData } from './gen/openim.ts';
import { newMsgData } from './message.ts';
import { MessageEncoder } from './message-encoder.ts';

const long = newMsgData({ sendID: 'a', content: Buffer.alloc(5000, 1), options: new Map([['history', false]]) });
const short = newMsgData({ sendID: 'b', recvID: 'c' });
const alone = (message: MsgData) => MsgData.encode(message).finish();

test('a message is encoded as by a writer of its own, and stays as it is while others are', () => {
  const encoder = new MessageEncoder();
  const encoded = [long, short, long].map((message) => encoder.encode(MsgData, message));
  assert.deepEqual(encoded, [long, short, long].map(alone));
});

test('nothing is left of a message that could not be encoded', () => {
  const encoder = new MessageEncoder();
  assert.throws(() => encoder.encode(MsgData, { ...long, status: 2 ** 40 }));
  assert.deepEqual(encoder.encode(MsgData, short), alone(short));
});
