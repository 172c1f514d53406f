/** What each request identifier means: decode, one domain call, encode (websocket chapter, section 4). */
import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { encodePull, type History } from '../messages/history.ts';
import type { Messenger } from '../messages/messenger.ts';
import { reqIdentifiers } from '../protocol/constants.ts';
import { errors } from '../protocol/errors.ts';
import {
  GetConversationsHasReadAndMaxSeqReq,
  GetConversationsHasReadAndMaxSeqResp,
  GetMaxSeqReq,
  GetMaxSeqResp,
  GetSeqMessageReq,
  MsgData,
  PullMessageBySeqsReq,
  SendMsgResp,
} from '../protocol/gen/openim.ts';
import type { CallContext } from '../tokens/caller.ts';
import type { RequestHandler, RequestHandlers } from './request-handler.ts';

export interface RequestServices {
  readonly history: History;
  readonly messenger: Messenger;
}

export function createRequestHandlers({ history, messenger }: RequestServices): RequestHandlers {
  return new Map<number, RequestHandler>([
    [
      reqIdentifiers.getMaxSeq,
      handler(GetMaxSeqReq, async (call, { userID }) =>
        GetMaxSeqResp.encode(await history.newestSeqs(call, userID)).finish(),
      ),
    ],
    [
      reqIdentifiers.pullMessagesBySeqRanges,
      handler(PullMessageBySeqsReq, async (call, request) =>
        neverEmpty(encodePull(await history.pullRanges(call, request))),
      ),
    ],
    [
      reqIdentifiers.sendMessage,
      handler(MsgData, async (call, message) => {
        const { serverMsgID, clientMsgID, sendTime } = await messenger.send(call, message);
        return SendMsgResp.encode({ serverMsgID, clientMsgID, sendTime, modify: undefined }).finish();
      }),
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
        GetConversationsHasReadAndMaxSeqResp.encode(await history.readPositions(call, request)).finish(),
      ),
    ],
  ]);
}

interface Codec<Message> {
  decode(input: BinaryReader | Uint8Array): Message;
  encode(message: Message): BinaryWriter;
}

function handler<Request>(
  codec: Codec<Request>,
  handle: (call: CallContext, request: Request) => Promise<Uint8Array>,
): RequestHandler {
  return async (call, data) => handle(call, decode(codec, data));
}

/**
 * @throws 500 for what is not such a message, as the protocol has it: the connection stays open. 1001 for a string that
 * no store can hold.
 */
function decode<Message>(codec: Codec<Message>, data: Uint8Array): Message {
  let message: Message;
  try {
    message = codec.decode(data);
  } catch {
    throw errors.internal('data is not the expected protobuf message');
  }
  if (holdsNul(message)) throw errors.args('a string holds NUL');
  return message;
}

/** Like the REST side, where the schemas refuse it: PostgreSQL cannot store NUL in a text. */
function holdsNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  const parts: Iterable<unknown> = value instanceof Map ? [...value].flat() : Object.values(value);
  for (const part of parts) if (holdsNul(part)) return true;
  return false;
}

/**
 * The pure-JS SDK takes zero bytes for null and fails on it. Field 15, which no message here has, is skipped by every
 * decoder (websocket chapter, 2.5).
 */
function neverEmpty(encoded: Buffer): Uint8Array {
  return encoded.length === 0 ? Uint8Array.of(0x78, 0x00) : encoded;
}
