/** From the bytes of a request's `data` to its protobuf message. Protocol: websocket.md 2.4. */
import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { type WireBounds, widestBounds } from '../../protocol/bounds.ts';
import { checkMessage } from '../../protocol/checked-message.ts';
import { errors } from '../../protocol/errors.ts';

interface Decoder<Message> {
  decode(input: BinaryReader | Uint8Array): Message;
}

/**
 * No bytes at all are a message with nothing set.
 * @throws 500 for what is not such a message, as the protocol has it: the connection stays open. 1001 for a string that
 * no store can hold, an ID or a list beyond its bound.
 */
export function decodeData<Message>(
  decoder: Decoder<Message>,
  data: Uint8Array,
  bounds: WireBounds = widestBounds,
): Message {
  let message: Message;
  try {
    message = decoder.decode(data);
  } catch {
    throw errors.internal('data is not the expected protobuf message');
  }
  checkMessage(message, bounds);
  return message;
}
