/** From the bytes of a request's `data` to its protobuf message. Protocol: websocket.md 2.4. */
import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { type WireBounds, widestBounds } from '../../protocol/bounds.ts';
import { decodeChecked } from '../../protocol/checked-message.ts';
import { type ErrorFactory, errors } from '../../protocol/errors.ts';

interface Decoder<Message> {
  decode(input: BinaryReader): Message;
}

export interface DecodeOptions {
  readonly bounds?: WireBounds | undefined;
  /** What is not such a message: 500 by default. */
  readonly undecodable?: ErrorFactory | undefined;
}

/**
 * No bytes at all are a message with nothing set.
 * @throws 500, or as asked, for what is not such a message: the connection stays open. 1001 for a string that
 * no store can hold, an ID or a list beyond its bound.
 */
export function decodeData<Message>(
  decoder: Decoder<Message>,
  data: Uint8Array,
  { bounds = widestBounds, undecodable = errors.internal }: DecodeOptions = {},
): Message {
  return decodeChecked(decoder.decode, data, bounds, () => undecodable('data is not the expected protobuf message'));
}
