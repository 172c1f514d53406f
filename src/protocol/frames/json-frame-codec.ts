/**
 * The frame codec of the JavaScript SDK (sdkType=js): one JSON object per frame. Protocol: websocket.md 2.5.
 */

import { exceedsBytes, widestBounds } from '../bounds.ts';
import { ProtocolError } from '../errors.ts';
import { decodeBase64, encodeBase64 } from '../wire/base64.ts';
import { compileRequestDecoder, parseJsonBody } from '../wire/wire-json.ts';
import { Wire } from '../wire/wire-schema.ts';
import { type FrameCodec, FrameDecodeError, type SocketReply, type SocketRequest } from './frames.ts';

/** Makes the codec. It keeps no state: one serves all connections. */
export function createJsonFrameCodec(): FrameCodec {
  const decode = compileRequestDecoder(requestSchema);
  return {
    name: 'json',
    decodeRequest: (frame) => decodeRequest(frame, decode),
    encodeReply,
  };
}

const requestSchema = Wire.object({
  reqIdentifier: Wire.int32(),
  /** Never used, but a wrong type still spoils the frame. */
  token: Wire.string(),
  sendID: Wire.id(),
  operationID: Wire.id(),
  msgIncr: Wire.id(),
  data: Wire.bytes(),
});

/** All six keys in this order; `data` null for none, "" for an empty protobuf message. */
function encodeReply({ reqIdentifier, msgIncr, operationID, errCode, errMsg, data }: SocketReply): Buffer {
  const text = (value: string) => (value === '' ? '""' : JSON.stringify(value));
  return Buffer.from(
    `{"reqIdentifier":${reqIdentifier},"msgIncr":${text(msgIncr)},"operationID":${text(operationID)},` +
      `"errCode":${errCode},"errMsg":${text(errMsg)},"data":${data === null ? 'null' : `"${encodeBase64(data)}"`}}`,
  );
}

function decodeRequest(frame: Buffer, decode: (value: unknown) => SocketRequest): SocketRequest {
  try {
    const value = parseJsonBody(frame);
    const plain = plainRequest(value);
    if (plain !== undefined) return plain;
    const { reqIdentifier, sendID, operationID, msgIncr, data } = decode(value);
    return { reqIdentifier, sendID, operationID, msgIncr, data };
  } catch (error) {
    if (error instanceof ProtocolError) throw new FrameDecodeError(error.detail);
    throw error;
  }
}

/**
 * What the schema would make of a request of these five keys, each of its own type, as clients send them: at a third of
 * the cost. Undefined for any other.
 */
function plainRequest(value: unknown): SocketRequest | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 5) return undefined;
  const { reqIdentifier, sendID, operationID, msgIncr, data } = value as Readonly<Record<string, unknown>>;
  if (!isPlainNumber(reqIdentifier) || !isPlainID(sendID) || !isPlainID(operationID) || !isPlainID(msgIncr)) {
    return undefined;
  }
  const bytes = typeof data === 'string' ? decodeBase64(data) : undefined;
  return bytes && { reqIdentifier, sendID, operationID, msgIncr, data: bytes };
}

function isPlainNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31;
}

function isPlainID(value: unknown): value is string {
  return typeof value === 'string' && !exceedsBytes(value, widestBounds.maxIdBytes) && !value.includes('\0');
}
