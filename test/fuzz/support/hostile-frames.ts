/** Frames that nobody should send: valid requests of every kind, spoilt in one of the layers that they consist of. */
import { gzipSync } from 'node:zlib';
import type { SocketRequest } from '../../../src/protocol/frames/frames.ts';
import {
  DelUserPushTokenReq,
  GetConversationsHasReadAndMaxSeqReq,
  GetLastMessageReq,
  GetMaxSeqReq,
  GetSeqMessageReq,
  MsgData,
  PullMessageBySeqsReq,
  SetAppBackgroundStatusReq,
  SubUserOnlineStatus,
} from '../../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../../src/protocol/message.ts';
import type { ClientCodec } from './client-codec.ts';
import type { Mutator } from './mutator.ts';

export interface HostileFrame {
  readonly bytes: Buffer;
  readonly isBinary: boolean;
}

/** Makes the frames of one connection. */
export class HostileFrames {
  readonly #codec: ClientCodec;
  readonly #userID: string;
  readonly #mutator: Mutator;
  readonly #requests: readonly (readonly [reqIdentifier: number, data: Uint8Array])[];
  /** Too large, on the wire or once unpacked. */
  readonly #bombs: readonly Buffer[];

  constructor(codec: ClientCodec, userID: string, mutator: Mutator) {
    this.#codec = codec;
    this.#userID = userID;
    this.#mutator = mutator;
    this.#requests = validRequests(userID);
    this.#bombs = codec.isGzipped
      ? [1_500_000, 20_000_000].map((size) => gzipSync(Buffer.alloc(size, 'x')))
      : [Buffer.alloc(52_000, 'x')];
  }

  next(): HostileFrame {
    switch (this.#mutator.below(10)) {
      case 0:
        return { bytes: this.#mutator.mutate(Buffer.from('{"type":"ping","body":"abc"}')), isBinary: false };
      case 1:
        return binary(this.#mutator.mutate(this.#codec.wrap(this.#codec.encode(this.#request()))));
      case 2:
      case 3:
        return binary(this.#codec.wrap(this.#mutator.mutate(this.#codec.encode(this.#request()))));
      case 4:
        return binary(this.#mutator.pick(this.#bombs));
      case 5:
      case 6:
        return binary(this.#codec.wrap(this.#codec.encode(this.#withStrangeFields())));
      default:
        return binary(this.#codec.wrap(this.#codec.encode(this.#withMutatedData())));
    }
  }

  #request(): SocketRequest {
    const [reqIdentifier, data] = this.#mutator.pick(this.#requests);
    const msgIncr = `incr-${this.#mutator.below(1000)}`;
    return { reqIdentifier, sendID: this.#userID, operationID: 'fuzz', msgIncr, data };
  }

  #withMutatedData(): SocketRequest {
    const request = this.#request();
    return { ...request, data: this.#mutator.mutate(request.data) };
  }

  #withStrangeFields(): SocketRequest {
    const [pick, request] = [this.#mutator, this.#request()];
    const strange = {
      reqIdentifier: pick.pick([0, -1, 1000, 1004, 1008, 2000, 2001, 2002, 3001, 2 ** 31 - 1, -(2 ** 31)]),
      sendID: pick.pick(strangeTexts),
      operationID: pick.pick(strangeTexts),
      msgIncr: pick.pick(strangeTexts),
      data: Buffer.alloc(pick.below(60_000), pick.below(256)),
    };
    const field = pick.pick(Object.keys(strange) as (keyof typeof strange)[]);
    return { ...request, [field]: strange[field] };
  }
}

function binary(bytes: Buffer): HostileFrame {
  return { bytes, isBinary: true };
}

const strangeTexts = [
  '',
  '\0',
  '\ufeff',
  '\u202e',
  '\ud83d\ude00'.repeat(50),
  '"\\\n',
  '__proto__',
  'x'.repeat(40_000),
];

/** One of each identifier that a client sends; nobody but `userID` is spoken to. */
function validRequests(userID: string): readonly (readonly [number, Uint8Array])[] {
  const chat = `si_${userID}_${userID}`;
  const seqRanges = [{ conversationID: chat, begin: 0, end: 100, num: 10 }];
  const conversations = [{ conversationID: chat, seqs: [1, 2, 3] }];
  const message = newMsgData({
    sendID: userID,
    recvID: userID,
    clientMsgID: 'fuzzed',
    sessionType: 1,
    msgFrom: 100,
    contentType: 101,
    content: Buffer.from('{"content":"hi"}'),
    options: new Map([['unreadCount', false]]),
  });
  return [
    [1001, GetMaxSeqReq.encode({ userID }).finish()],
    [1002, PullMessageBySeqsReq.encode({ userID, seqRanges, order: 0 }).finish()],
    [1003, MsgData.encode(message).finish()],
    [1004, new Uint8Array()],
    [1005, GetSeqMessageReq.encode({ userID, conversations, order: 1 }).finish()],
    [1006, GetConversationsHasReadAndMaxSeqReq.encode({ userID, conversationIDs: [], returnPinned: true }).finish()],
    [1007, GetLastMessageReq.encode({ userID, conversationIDs: [chat, `n_${userID}_${userID}`] }).finish()],
    [2003, DelUserPushTokenReq.encode({ userID, platformID: 1 }).finish()],
    [2004, SetAppBackgroundStatusReq.encode({ userID, isBackground: true }).finish()],
    [2005, SubUserOnlineStatus.encode({ subscribeUserID: [userID, 'other'], unsubscribeUserID: ['x'] }).finish()],
  ];
}
