/** Messages as objects; as stored bytes see message-bytes.ts. Protocol: conversations-messages.md 3 and 5. */

import { MsgData } from './gen/openim.ts';
import { contentTypes } from './numbers/contents.ts';
import { msgStatus, type OptionKey, optionKeys } from './numbers/messages.ts';

/** Whether a switch of a message is on: a missing key means true. */
export function optionEnabled(options: ReadonlyMap<string, boolean>, key: OptionKey): boolean {
  return options.get(key) !== false;
}

/** A message with the given fields, all others at their zero value. */
export function newMsgData(fields: Partial<MsgData> = {}): MsgData {
  return { ...MsgData.decode(nothing), ...fields };
}

/** What a pull gives for a seq whose message is gone: clients show nothing. `sendTime`: Unix ms, 0 if unknown. */
export function placeholder(seq: number, sendTime: number): Buffer {
  return Buffer.from(MsgData.encode(newMsgData({ seq, sendTime, status: msgStatus.deleted })).finish());
}

const nothing = new Uint8Array(0);

/** Whether the encoded message has more than `maxBytes`; only one that comes near is encoded to know. */
export function isLargerThan(message: MsgData, maxBytes: number): boolean {
  return mostBytes(message) > maxBytes && MsgData.encode(message).finish().length > maxBytes;
}

/** What a message takes at the most, at a glance: every message that is sent comes by here. */
function mostBytes(message: MsgData): number {
  let units =
    message.sendID.length +
    message.recvID.length +
    message.groupID.length +
    message.clientMsgID.length +
    message.serverMsgID.length +
    message.senderNickname.length +
    message.senderFaceURL.length +
    message.attachedInfo.length +
    message.ex.length;
  let fields = fieldCount;
  for (const key of message.options.keys()) {
    units += key.length;
    fields += 1;
  }
  for (const userID of message.atUserIDList) {
    units += userID.length;
    fields += 1;
  }
  if (message.offlinePushInfo !== undefined) {
    const { title, desc, ex, iOSPushSound, signalInfo } = message.offlinePushInfo;
    units += title.length + desc.length + ex.length + iOSPushSound.length + signalInfo.length;
  }
  return message.content.length + units * mostBytesPerUnit + fields * tagBytes;
}

/** Of a message, with those of its push text. */
const fieldCount = 30;
/** Of a UTF-16 unit in UTF-8. */
const mostBytesPerUnit = 3;
/** Tag and length, or a number, at the longest; with the value of an option. */
const tagBytes = 16;

/**
 * A message that has no room, as a short text under its own IDs, seq and times: a client that cannot have all of it
 * shows at least that it is there. Below 4 KB.
 */
export function shortened(body: Uint8Array): Buffer {
  const { content, options, senderNickname, senderFaceURL, ...message } = MsgData.decode(body);
  const short = newMsgData({
    sendID: message.sendID,
    recvID: message.recvID,
    groupID: message.groupID,
    clientMsgID: message.clientMsgID,
    serverMsgID: message.serverMsgID,
    senderPlatformID: message.senderPlatformID,
    senderNickname: cut(senderNickname, maxNameLength),
    senderFaceURL: senderFaceURL.length > maxNameLength ? '' : senderFaceURL,
    sessionType: message.sessionType,
    msgFrom: message.msgFrom,
    contentType: contentTypes.text,
    content: Buffer.from(JSON.stringify({ content: `${cut(textOf(content), maxTextLength)}…` })),
    seq: message.seq,
    sendTime: message.sendTime,
    createTime: message.createTime,
    status: message.status,
    isRead: message.isRead,
    options: new Map([...options].filter(([key]) => Object.hasOwn(optionKeys, key))),
  });
  return Buffer.from(MsgData.encode(short).finish());
}

/** Of what a short text keeps, in UTF-16 units. */
const maxTextLength = 200;
const maxNameLength = 100;

function cut(text: string, length: number): string {
  return text.slice(0, length).toWellFormed();
}

/** What a content says in words, if it does; empty otherwise. */
function textOf(content: Uint8Array): string {
  try {
    const { content: text, text: markedText } = JSON.parse(Buffer.from(content).toString());
    return [text, markedText].find((found) => typeof found === 'string') ?? '';
  } catch {
    return '';
  }
}
