/**
 * The heartbeat of clients that cannot send real WebSocket pings: JSON in text frames. Protocol: websocket.md 3.2.
 */
import { ProtocolError } from '../errors.ts';
import { compileRequestDecoder, compileResponseEncoder, parseJsonBody } from '../wire/wire-json.ts';
import { Wire } from '../wire/wire-schema.ts';
import { FrameDecodeError } from './frames.ts';

/**
 * Makes the function that answers a client's text frame: the text of the pong, with the ping's body echoed (null when
 * it had none), or null when nothing is to be said (the client's own pong).
 *
 * It throws FrameDecodeError for anything else: the connection is then closed.
 */
export function createTextPingResponder(): (frame: Uint8Array) => string | null {
  const decode = compileRequestDecoder(textFrameSchema);
  const encode = compileResponseEncoder(textFrameSchema);
  return (frame) => {
    const { type, body } = readFrame(frame, decode);
    switch (type) {
      case 'ping':
        return encode({ type: 'pong', body });
      case 'pong':
        return null;
      default:
        throw new FrameDecodeError('type is neither ping nor pong');
    }
  };
}

interface TextFrame {
  readonly type: string;
  readonly body: unknown;
}

const textFrameSchema = Wire.object({ type: Wire.string(), body: Wire.json() });

function readFrame(frame: Uint8Array, decode: (value: unknown) => TextFrame): TextFrame {
  try {
    return decode(parseJsonBody(frame));
  } catch (error) {
    if (error instanceof ProtocolError) throw new FrameDecodeError(error.detail);
    throw error;
  }
}
