/**
 * What we send as the WebSocket frame that it becomes, so that a push to many is framed once and is one buffer for each
 * socket: the library frames it for every receiver anew, and hands head and payload over as two. RFC 6455, 5.2.
 */

const finalBinary = 0x82;
const lengthIn16Bits = 126;
const lengthIn64Bits = 127;

/** The payload as one unmasked binary frame. */
export function binaryFrame(payload: Buffer): Buffer {
  const { length } = payload;
  const headLength = length < lengthIn16Bits ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafe(headLength + length);
  frame[0] = finalBinary;
  if (headLength === 2) {
    frame[1] = length;
  } else if (headLength === 4) {
    frame[1] = lengthIn16Bits;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = lengthIn64Bits;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(payload, headLength);
  return frame;
}
