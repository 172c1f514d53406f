/** Long replies are the same bytes as if they were encoded at once, and let others in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countingTurns } from '../../../test/support/counting-turns.ts';
import { sliceMs } from '../../kernel/time-slices.ts';
import { GetConversationsHasReadAndMaxSeqResp, GetMaxSeqResp } from '../../protocol/gen/openim.ts';
import { encodeNewestSeqs, encodeReadPositions } from './long-replies.ts';

const conversationIDs = Array.from({ length: 1001 }, (_, index) => `si_a_${index}`);

test('O1 1001 and 1006 are encoded a few hundred conversations at a time', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => (now += sliceMs));
  const newest = { maxSeqs: new Map(conversationIDs.map((id, seq) => [id, seq])), minSeqs: new Map([['si_a_1', 2]]) };
  const [newestBytes, newestTurns] = await countingTurns(() => encodeNewestSeqs(newest));
  assert.deepEqual(newestBytes, Buffer.from(GetMaxSeqResp.encode(newest).finish()));
  assert.ok(newestTurns >= 4, `${newestTurns} turns`);

  const positions = {
    seqs: new Map(conversationIDs.map((id, seq) => [id, { maxSeq: seq, hasReadSeq: 1, maxSeqTime: 2 }])),
    pinnedConversationIDs: ['si_a_1', 'si_a_2'],
  };
  const [positionBytes, positionTurns] = await countingTurns(() => encodeReadPositions(positions));
  assert.deepEqual(positionBytes, Buffer.from(GetConversationsHasReadAndMaxSeqResp.encode(positions).finish()));
  assert.ok(positionTurns >= 4, `${positionTurns} turns`);
});

test('a reply without conversations is as short as ever', async () => {
  assert.equal((await encodeNewestSeqs({ maxSeqs: new Map(), minSeqs: new Map() })).length, 0);
  assert.equal((await encodeReadPositions({ seqs: new Map(), pinnedConversationIDs: [] })).length, 0);
});
