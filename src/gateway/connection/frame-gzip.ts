/**
 * gzip around single frames, which are small: setting up zlib costs more than the work itself. Figures: bench/codec.ts.
 * Protocol: websocket.md 2.2.
 */
import { crc32, gunzipSync, gzipSync } from 'node:zlib';

/** One gzip member (RFC 1952). */
export function gzipFrame(frame: Buffer): Buffer {
  if (frame.length <= maxStoredBytes) return store(frame);
  return gzipSync(frame, frame.length <= smallWindowBytes ? smallWindow : {});
}

/** @throws Error for what is not gzip, is cut off, or is larger than `maxOutputLength` bytes unpacked */
export function gunzipFrame(frame: Buffer, maxOutputLength: number): Buffer {
  return gunzipSync(frame, { maxOutputLength, chunkSize: 4096 });
}

/** Acknowledgements, errors, kicks: nearly all of it identifiers, of which compressing saves at most some 20 bytes. */
const maxStoredBytes = 256;

/** Nothing is farther back than the window reaches, so that a frame of this size comes out as small as ever. */
const smallWindowBytes = 4096;
const smallWindow = { windowBits: 12, memLevel: 5, chunkSize: 2048 };

/** A member of one deflate block (RFC 1951, 3.2.4) that holds the bytes as they are. */
function store(frame: Buffer): Buffer {
  const { length } = frame;
  const member = Buffer.allocUnsafe(memberHead.length + length + 12);
  member.set(memberHead);
  let at = memberHead.length;
  at = member.writeUInt16LE(length, at);
  at = member.writeUInt16LE(0xffff - length, at);
  member.set(frame, at);
  at = member.writeUInt32LE(crc32(frame), at + length);
  member.writeUInt32LE(length, at);
  return member;
}

/** Deflate without flags, time and system unknown; then the mark of a last block that is stored. */
const memberHead = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1);
