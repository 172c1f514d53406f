/**
 * The frames of a chat between numbered clients. A message is known by twelve digits: four for its sender, eight for its
 * place among the sender's messages. JSON frames are made and read by position instead of by parsing.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { decodeGoReply, encodeGoRequest } from '../../test/support/go-client.ts';

export type CodecName = 'JSON' | 'gob + gzip';

const idLength = 12;
const ackHead = '{"reqIdentifier":1003,"msgIncr":"';
const pushHead = '{"reqIdentifier":2001,"msgIncr":"","operationID":"';
const kindAt = ackHead.indexOf('1003');
const errCodeAt = ackHead.length + idLength + '","operationID":"'.length + idLength + '","errCode":'.length;

export function userIDOf(client: number): string {
  return `bench${String(client).padStart(4, '0')}`;
}

/** Clients talk in pairs: 0 with 1, 2 with 3. */
export function partnerOf(client: number): number {
  return client ^ 1;
}

/** Makes a client's send requests (1003): a text of 100 characters to its partner, or to a group. */
export function requestMaker(client: number, codec: CodecName, groupID?: string): (place: number) => string | Buffer {
  const marker = '#'.repeat(32);
  const message = newMsgData({
    sendID: userIDOf(client),
    ...(groupID === undefined ? { recvID: userIDOf(partnerOf(client)), sessionType: 1 } : { groupID, sessionType: 3 }),
    clientMsgID: marker,
    senderPlatformID: 5,
    senderNickname: userIDOf(client),
    msgFrom: 100,
    contentType: 101,
    content: Buffer.from(JSON.stringify({ content: 'x'.repeat(100) })),
    createTime: Date.now(),
  });
  const encoded = Buffer.from(MsgData.encode(message).finish());
  const clientMsgIDAt = encoded.indexOf(marker);
  const sendID = userIDOf(client);
  const run = Math.random().toString(36).slice(2, 12).padEnd(10, '0');
  return (place) => {
    const id = `${String(client).padStart(4, '0')}${String(place).padStart(8, '0')}`;
    encoded.write(`${run}----------${id}`, clientMsgIDAt);
    if (codec === 'gob + gzip') {
      const request = {
        reqIdentifier: reqIdentifiers.sendMessage,
        sendID,
        operationID: id,
        msgIncr: id,
        data: encoded,
      };
      return gzipSync(encodeGoRequest(request));
    }
    const data = encoded.toString('base64');
    return `${ackHead}${id}","sendID":"${sendID}","operationID":"${id}","data":"${data}"}`;
  };
}

export interface ReadFrame {
  readonly kind: 'ack' | 'push' | 'error';
  readonly sender: number;
  readonly place: number;
}

/** Reads a reply to 1003 or a push. Echoed requests read as replies. */
export function readFrame(payload: Buffer, codec: CodecName): ReadFrame {
  return codec === 'JSON' ? readJsonFrame(payload) : readGoFrame(payload);
}

function readGoFrame(payload: Buffer): ReadFrame {
  const { reqIdentifier, msgIncr, operationID, errCode } = decodeGoReply(gunzipSync(payload));
  const isPush = reqIdentifier === reqIdentifiers.pushMessage;
  const id = isPush ? operationID : msgIncr;
  return {
    kind: isPush ? 'push' : errCode === 0 ? 'ack' : 'error',
    sender: Number(id.slice(0, 4)),
    place: Number(id.slice(4)),
  };
}

function readJsonFrame(payload: Buffer): ReadFrame {
  const isPush = payload[kindAt] === 0x32;
  const isEcho = !isPush && payload[errCodeAt] !== 0x30 && payload.includes('"sendID"');
  const idAt = isPush && !isRelayed(payload) ? pushHead.length : ackHead.length;
  const isError = !isPush && !isEcho && payload[errCodeAt] !== 0x30;
  return {
    kind: isPush ? 'push' : isError ? 'error' : 'ack',
    sender: digits(payload, idAt, 4),
    place: digits(payload, idAt + 4, 8),
  };
}

/** What a server that only relays sends to a receiver: the request, marked as a push. */
export function asRelayedPush(request: Buffer): Buffer {
  const push = Buffer.from(request);
  push.write('2001', kindAt);
  return push;
}

/** What a server that only sends to a group sends: a push as it was seen, of another message. */
export function asPushOf(request: Buffer, push: Buffer): Buffer {
  const other = Buffer.from(push);
  request.copy(other, pushHead.length, ackHead.length, ackHead.length + idLength);
  return other;
}

function isRelayed(push: Buffer): boolean {
  return push[ackHead.length] !== 0x22;
}

function digits(bytes: Buffer, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 10 + bytes[i]! - 0x30;
  return value;
}
