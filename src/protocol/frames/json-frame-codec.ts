/**
 * The frame codec of the JavaScript SDK (sdkType=js): one JSON object per frame. Protocol: websocket.md 2.5.
 */
import { ProtocolError } from '../errors.ts';
import { compileRequestDecoder, compileResponseEncoder, parseJsonBody } from '../wire/wire-json.ts';
import { Wire } from '../wire/wire-schema.ts';
import { type FrameCodec, FrameDecodeError, type SocketReply, type SocketRequest } from './frames.ts';

/** Makes the codec. It keeps no state: one serves all connections. */
export function createJsonFrameCodec(): FrameCodec {
  const decode = compileRequestDecoder(requestSchema);
  const encode = compileResponseEncoder(replySchema);
  return {
    name: 'json',
    decodeRequest: (frame) => decodeRequest(frame, decode),
    encodeReply: (reply: SocketReply) => Buffer.from(encode(reply)),
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
const replySchema = Wire.object({
  reqIdentifier: Wire.int32(),
  msgIncr: Wire.id(),
  operationID: Wire.id(),
  errCode: Wire.int32(),
  errMsg: Wire.string(),
  data: Wire.bytes(),
});

function decodeRequest(frame: Buffer, decode: (value: unknown) => SocketRequest): SocketRequest {
  try {
    const { reqIdentifier, sendID, operationID, msgIncr, data } = decode(parseJsonBody(frame));
    return { reqIdentifier, sendID, operationID, msgIncr, data };
  } catch (error) {
    if (error instanceof ProtocolError) throw new FrameDecodeError(error.detail);
    throw error;
  }
}
