/** What the schemas check of JSON requests, for protobuf messages: bounds, and text that no store can hold. */
import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { boundedReader } from './bounded-reader.ts';
import { exceedsBytes, isIDField, type WireBounds } from './bounds.ts';
import { errors, ProtocolError } from './errors.ts';

/** @throws Error for what is not such a message */
export type DecodeMessage<Message> = (input: BinaryReader) => Message;

/**
 * Decodes a request; what it checks goes by the names of fields, so that no request can be forgotten.
 * @throws 1001 for a string that no store can hold, an ID or a list beyond its bound
 * @throws what `undecodable` makes, for what is not such a message
 */
export function decodeChecked<Message>(
  decode: DecodeMessage<Message>,
  data: Uint8Array,
  bounds: WireBounds,
  undecodable: () => ProtocolError,
): Message {
  let message: Message;
  try {
    message = decode(boundedReader(data, bounds));
  } catch (error) {
    throw error instanceof ProtocolError ? error : undecodable();
  }
  check(message, 'request', bounds);
  return message;
}

/** @param name of the field */
function check(value: unknown, name: string, bounds: WireBounds): void {
  if (typeof value === 'string') checkText(value, name, isIDField(name), bounds);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    checkLength(value.length, name, bounds);
    if (typeof value[0] === 'number') return;
    for (const element of value) check(element, name, bounds);
  } else if (value instanceof Map) {
    checkLength(value.size, name, bounds);
    for (const [key, element] of value) {
      checkText(String(key), name, true, bounds);
      check(element, name, bounds);
    }
  } else {
    for (const [field, part] of Object.entries(value)) check(part, field, bounds);
  }
}

function checkText(text: string, name: string, isID: boolean, { maxIdBytes }: WireBounds): void {
  if (isID && exceedsBytes(text, maxIdBytes)) throw errors.args(`${name} is over ${maxIdBytes} bytes`);
  // PostgreSQL cannot store it.
  if (text.includes('\0')) throw errors.args('a string holds NUL');
}

function checkLength(length: number, name: string, { maxListItems }: WireBounds): void {
  if (length > maxListItems) throw errors.args(`${name} has more than ${maxListItems} elements`);
}
