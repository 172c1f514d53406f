/** What each request identifier means: decode, one domain call, encode (websocket chapter, section 4). */

import type { CallContext } from '../../kernel/caller.ts';
import { encodePull, type History } from '../../messaging/history.ts';
import type { Messenger } from '../../messaging/messenger.ts';
import type { WireBounds } from '../../protocol/bounds.ts';
import { type ErrorFactory, errors } from '../../protocol/errors.ts';
import {
  GetConversationsHasReadAndMaxSeqReq,
  GetLastMessageReq,
  GetMaxSeqReq,
  GetSeqMessageReq,
  MsgData,
  PullMessageBySeqsReq,
  SendMsgResp,
} from '../../protocol/gen/openim.ts';
import { encodeLastMessages } from '../../protocol/message-bytes.ts';
import { MessageEncoder } from '../../protocol/message-encoder.ts';
import { reqIdentifiers } from '../../protocol/numbers/request-identifiers.ts';
import { encodeNewestSeqs, encodeReadPositions } from './long-replies.ts';
import { decodeData } from './request-data.ts';
import type { RequestHandler, RequestHandlers } from './request-handler.ts';

export interface RequestServices {
  readonly history: History;
  readonly messenger: Messenger;
}

/** @param bounds of what requests may hold */
export function createRequestHandlers({ history, messenger }: RequestServices, bounds?: WireBounds): RequestHandlers {
  const encoder = new MessageEncoder();
  const handler =
    <Request>(
      decoder: Parameters<typeof decodeData<Request>>[0],
      handle: (call: CallContext, request: Request) => Promise<Uint8Array>,
      undecodable?: ErrorFactory,
    ): RequestHandler =>
    // No promise of its own around that of `handle`: every message comes by here.
    (call, data) =>
      handle(call, decodeData(decoder, data, { bounds, undecodable }));
  return new Map<number, RequestHandler>([
    [
      reqIdentifiers.getMaxSeq,
      handler(GetMaxSeqReq, async (call, { userID }) => encodeNewestSeqs(await history.newestSeqs(call, userID))),
    ],
    [
      reqIdentifiers.pullMessagesBySeqRanges,
      handler(PullMessageBySeqsReq, async (call, request) =>
        neverEmpty(encodePull(await history.pullRanges(call, request))),
      ),
    ],
    [
      reqIdentifiers.sendMessage,
      handler(
        MsgData,
        (call, message) =>
          messenger
            .send(call, message)
            .then(({ serverMsgID, clientMsgID, sendTime, modified }) =>
              encoder.encode(SendMsgResp, { serverMsgID, clientMsgID, sendTime, modify: modified }),
            ),
        errors.args,
      ),
    ],
    [
      reqIdentifiers.sendSignalMessage,
      async () => {
        throw errors.args('signal messages are not supported');
      },
    ],
    [
      reqIdentifiers.pullMessagesBySeqList,
      handler(GetSeqMessageReq, async (call, request) => encodePull(await history.pullSeqs(call, request))),
    ],
    [
      reqIdentifiers.getReadAndMaxSeqs,
      handler(GetConversationsHasReadAndMaxSeqReq, async (call, request) =>
        encodeReadPositions(await history.readPositions(call, request)),
      ),
    ],
    [
      reqIdentifiers.getLastMessages,
      handler(GetLastMessageReq, async (call, request) =>
        encodeLastMessages(await history.lastMessages(call, request)),
      ),
    ],
  ]);
}

/**
 * The pure-JS SDK takes zero bytes for null and fails on it. Field 15, which no message here has, is skipped by every
 * decoder (websocket chapter, 2.5).
 */
function neverEmpty(encoded: Buffer): Uint8Array {
  return encoded.length === 0 ? Uint8Array.of(0x78, 0x00) : encoded;
}
