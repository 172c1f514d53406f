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
  if (typeof value === 'string') {
    if (exceedsBytes(value, bounds.maxIdBytes) && isIDField(name)) throw tooLong(name, bounds);
    checkText(value);
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    checkLength(value.length, name, bounds);
    if (typeof value[0] === 'number') return;
    for (const element of value) check(element, name, bounds);
  } else if (value instanceof Map) {
    checkLength(value.size, name, bounds);
    for (const [key, element] of value) {
      const text = String(key);
      if (exceedsBytes(text, bounds.maxIdBytes)) throw tooLong(name, bounds);
      checkText(text);
      check(element, name, bounds);
    }
  } else {
    // Without a list of pairs: every message sent comes by here.
    for (const field in value) check((value as Readonly<Record<string, unknown>>)[field], field, bounds);
  }
}

/** PostgreSQL cannot store it. */
function checkText(text: string): void {
  if (text.includes('\0')) throw errors.args('a string holds NUL');
}

function tooLong(name: string, { maxIdBytes }: WireBounds): ProtocolError {
  return errors.args(`${name} is over ${maxIdBytes} bytes`);
}

function checkLength(length: number, name: string, { maxListItems }: WireBounds): void {
  if (length > maxListItems) throw errors.args(`${name} has more than ${maxListItems} elements`);
}
