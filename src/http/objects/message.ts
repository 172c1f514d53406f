/** Pieces that several /msg endpoints have in common. */
import { PullMsgs } from '../../protocol/gen/openim.ts';
import { Wire, type WireResponse } from '../../protocol/wire/wire-schema.ts';

export const offlinePushInfo = Wire.object(
  {
    title: Wire.string(),
    desc: Wire.string(),
    ex: Wire.string(),
    iOSPushSound: Wire.string(),
    iOSBadgeCount: Wire.bool(),
    signalInfo: Wire.string(),
  },
  { title: 'OfflinePush' },
);

export const msgData = Wire.object(
  {
    sendID: Wire.id(),
    recvID: Wire.id(),
    groupID: Wire.id(),
    clientMsgID: Wire.id(),
    serverMsgID: Wire.id(),
    senderPlatformID: Wire.int32(),
    senderNickname: Wire.string(),
    senderFaceURL: Wire.string(),
    sessionType: Wire.int32(),
    msgFrom: Wire.int32(),
    contentType: Wire.int32(),
    content: Wire.bytes(),
    seq: Wire.int64(),
    sendTime: Wire.int64(),
    createTime: Wire.int64(),
    status: Wire.int32(),
    isRead: Wire.bool(),
    options: Wire.map(Wire.bool()),
    offlinePushInfo: Wire.nullable(offlinePushInfo),
    atUserIDList: Wire.list(Wire.id()),
    attachedInfo: Wire.string(),
    ex: Wire.string(),
  },
  { title: 'Message' },
);

export const pullMsgs = Wire.object(
  { Msgs: Wire.list(msgData), isEnd: Wire.bool(), endSeq: Wire.int64() },
  { title: 'PulledMessages' },
);

/** Encoded PullMsgs by conversation ID as a response holds them. */
export function decodePullMsgs(encoded: ReadonlyMap<string, Buffer>): Map<string, WireResponse<typeof pullMsgs>> {
  return new Map([...encoded].map(([conversationID, bytes]) => [conversationID, PullMsgs.decode(bytes)]));
}
