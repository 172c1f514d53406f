/**
 * Stored messages as bytes: the store keeps the encoded MsgData, and pulls and pushes splice it into replies without
 * decoding. Protocol: websocket.md 2.5 and 10.
 */
import { isNotificationConversation } from './conversation-id.ts';

/** Adds the seq to a message that was encoded without one. */
export function withSeq(encodedWithoutSeq: Uint8Array, seq: number): Buffer {
  return withVarintField(encodedWithoutSeq, 14, seq);
}

/** Gives an encoded message another send time, Unix ms; in protobuf the last value of a field counts. */
export function withSendTime(encoded: Uint8Array, sendTime: number): Buffer {
  return withVarintField(encoded, 15, sendTime);
}

/** Marks an encoded message as read; in protobuf the last value of a field counts. */
export function withReadFlag(encoded: Uint8Array): Buffer {
  return withVarintField(encoded, 18, 1);
}

/** A PullMsgs message around encoded MsgData bodies, in their order. */
export function encodePullMsgs(bodies: readonly Uint8Array[], isEnd: boolean, endSeq: number): Buffer {
  const parts = bodies.flatMap((body) => [lengthPrefix(1, body.length), body]);
  if (isEnd) parts.push(varintField(2, 1));
  if (endSeq !== 0) parts.push(varintField(3, endSeq));
  return Buffer.concat(parts);
}

/**
 * The reply to a pull (1002, 1005), also the payload of a push (2001): encoded PullMsgs by conversation ID. Every
 * entry has its value field even when the PullMsgs is empty, for JavaScript clients drop a key without one.
 */
export function encodePullReply(
  chats: ReadonlyMap<string, Uint8Array>,
  notifications: ReadonlyMap<string, Uint8Array>,
): Buffer {
  return Buffer.concat([...mapEntries(1, chats), ...mapEntries(2, notifications)]);
}

/** The reply to 1007: one encoded message by conversation ID. */
export function encodeLastMessages(bodies: ReadonlyMap<string, Uint8Array>): Buffer {
  return Buffer.concat(mapEntries(1, bodies));
}

/**
 * The payload of a push: one encoded message of one conversation. The same as {@link encodePullReply} of it, but every
 * message comes by here: written in one piece, it takes a seventh of the time.
 */
export function encodePush(conversationID: string, body: Uint8Array): Buffer {
  const keyLength = Buffer.byteLength(conversationID);
  const pullMsgsLength = delimitedLength(body.length);
  const entryLength = delimitedLength(keyLength) + delimitedLength(pullMsgsLength);
  const push = Buffer.allocUnsafe(delimitedLength(entryLength));
  let at = writeLengthPrefix(push, 0, isNotificationConversation(conversationID) ? 2 : 1, entryLength);
  at = writeLengthPrefix(push, at, 1, keyLength);
  at += push.write(conversationID, at);
  at = writeLengthPrefix(push, at, 2, pullMsgsLength);
  push.set(body, writeLengthPrefix(push, at, 1, body.length));
  return push;
}

function mapEntries(field: number, values: ReadonlyMap<string, Uint8Array>): Uint8Array[] {
  return [...values].flatMap(([key, value]) => {
    const keyBytes = Buffer.from(key);
    const head = Buffer.concat([lengthPrefix(1, keyBytes.length), keyBytes, lengthPrefix(2, value.length)]);
    return [lengthPrefix(field, head.length + value.length), head, value];
  });
}

/** Tag and length before the bytes of a message, string or map entry. `field` is below 16. */
function lengthPrefix(field: number, length: number): Uint8Array {
  const prefix = Buffer.allocUnsafe(1 + varintLength(length));
  writeLengthPrefix(prefix, 0, field, length);
  return prefix;
}

/** @returns where what follows begins */
function writeLengthPrefix(bytes: Buffer, at: number, field: number, length: number): number {
  return writeVarint(bytes, writeVarint(bytes, at, (field << 3) | 2), length);
}

/** Of so many bytes with their tag and length. */
function delimitedLength(length: number): number {
  return 1 + varintLength(length) + length;
}

/** The message with one more int64 or bool field, in one piece: every message comes by here. */
function withVarintField(encoded: Uint8Array, field: number, value: number): Buffer {
  const tag = field << 3;
  const bytes = Buffer.allocUnsafe(encoded.length + varintLength(tag) + varintLength(value));
  bytes.set(encoded);
  writeVarint(bytes, writeVarint(bytes, encoded.length, tag), value);
  return bytes;
}

/** A whole int64 or bool field. `value` is a non-negative safe integer. */
function varintField(field: number, value: number): Uint8Array {
  const tag = field << 3;
  const bytes = Buffer.allocUnsafe(varintLength(tag) + varintLength(value));
  writeVarint(bytes, writeVarint(bytes, 0, tag), value);
  return bytes;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Base 128, least significant group first. Division, for shifts end at 32 bits. @returns where what follows begins */
function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
  bytes[at++] = rest;
  return at;
}
