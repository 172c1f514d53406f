/** How far a reader goes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedReader, boundedReader } from './bounded-reader.ts';
import { widestBounds } from './bounds.ts';
import { GetSeqMessageReq, SubUserOnlineStatus } from './gen/openim.ts';

const { maxListItems } = widestBounds;
const reader = (data: Uint8Array) => boundedReader(data, widestBounds);

test('a list of as many elements as may be is read, of texts and of numbers', () => {
  const subscribeUserID = Array.from({ length: maxListItems }, (_, index) => `u${index}`);
  const texts = SubUserOnlineStatus.encode({ subscribeUserID, unsubscribeUserID: [] }).finish();
  assert.equal(SubUserOnlineStatus.decode(reader(texts)).subscribeUserID.length, maxListItems);
  assert.equal(GetSeqMessageReq.decode(reader(seqs(maxListItems))).conversations[0]?.seqs.length, maxListItems);
});

test('O1: bytes that are few enough are not counted, and one more is', () => {
  const bounds = { ...widestBounds, maxListItems: 100 };
  const most = 2 * bounds.maxListItems + 256;
  assert.equal(boundedReader(new Uint8Array(most), bounds) instanceof BoundedReader, false);
  assert.ok(boundedReader(new Uint8Array(most + 1), bounds) instanceof BoundedReader);
  assert.throws(() => GetSeqMessageReq.decode(boundedReader(seqs(most), bounds)), { code: 1001 });
});

test('O1: beyond that it costs no more, however long the list', () => {
  let read = 0;
  class Counted extends BoundedReader {
    override int64() {
      read++;
      return super.int64();
    }
  }
  for (const length of [3 * maxListItems, 30 * maxListItems]) {
    read = 0;
    assert.throws(() => GetSeqMessageReq.decode(new Counted(seqs(length), widestBounds)), { code: 1001 });
    assert.ok(read <= 2 * maxListItems + 256, `${read} of ${length} were read`);
  }
});

function seqs(length: number): Uint8Array {
  const list = Array.from({ length }, (_, index) => (index % 120) + 1);
  const conversations = [{ conversationID: 'c', seqs: list }];
  return GetSeqMessageReq.encode({ userID: 'alice', conversations, order: 0 }).finish();
}
