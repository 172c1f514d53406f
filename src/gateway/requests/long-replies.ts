/**
 * Replies with an entry for each of a user's conversations, of which there may be tens of thousands: encoded in slices
 * of time.
 */
import { mapInSlices } from '../../kernel/time-slices.ts';
import type { ReadPositions } from '../../messaging/history.ts';
import { GetConversationsHasReadAndMaxSeqResp, GetMaxSeqResp } from '../../protocol/gen/openim.ts';

/** The reply to 1001. */
export function encodeNewestSeqs({ maxSeqs, minSeqs }: GetMaxSeqResp): Promise<Buffer> {
  return encodeInSlices(GetMaxSeqResp, maxSeqs, (piece) => ({ maxSeqs: piece, minSeqs: new Map() }), {
    maxSeqs: new Map(),
    minSeqs,
  });
}

/** The reply to 1006. */
export function encodeReadPositions({ seqs, pinnedConversationIDs }: ReadPositions): Promise<Buffer> {
  return encodeInSlices(
    GetConversationsHasReadAndMaxSeqResp,
    seqs,
    (piece) => ({ seqs: piece, pinnedConversationIDs: [] }),
    { seqs: new Map(), pinnedConversationIDs },
  );
}

/** In protobuf, parts of a message that follow one another are the whole message. */
async function encodeInSlices<Message, Value>(
  codec: { encode(message: Message): { finish(): Uint8Array } },
  entries: ReadonlyMap<string, Value>,
  partOf: (piece: Map<string, Value>) => Message,
  rest: Message,
): Promise<Buffer> {
  const parts = await mapInSlices(pieces(entries), (piece) => codec.encode(partOf(piece)).finish());
  return Buffer.concat([...parts, codec.encode(rest).finish()]);
}

function* pieces<Value>(map: ReadonlyMap<string, Value>): Generator<Map<string, Value>, undefined> {
  let piece = new Map<string, Value>();
  for (const [key, value] of map) {
    piece.set(key, value);
    if (piece.size < pieceLength) continue;
    yield piece;
    piece = new Map();
  }
  yield piece;
}

const pieceLength = 250;
