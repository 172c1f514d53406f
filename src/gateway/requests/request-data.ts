/** From the bytes of a request's `data` to its protobuf message. Protocol: websocket.md 2.4. */
import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { errors } from '../../protocol/errors.ts';

interface Decoder<Message> {
  decode(input: BinaryReader | Uint8Array): Message;
}

/**
 * No bytes at all are a message with nothing set.
 * @throws 500 for what is not such a message, as the protocol has it: the connection stays open. 1001 for a string that
 * no store can hold.
 */
export function decodeData<Message>(decoder: Decoder<Message>, data: Uint8Array): Message {
  let message: Message;
  try {
    message = decoder.decode(data);
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
