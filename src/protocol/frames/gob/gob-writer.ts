/** Writes the primitives of one gob message. Protocol: websocket.md 2.6, primitives. */

/** Bytes of the longest unsigned integer that is written here. */
export const maxUint = 5;

export class GobWriter {
  readonly #buffer: Buffer;
  readonly #start: number;
  #at: number;

  /**
   * @param maxBefore bytes that will go before the message, see {@link finish}
   * @param maxLength bytes that the message will have at most
   */
  constructor(maxBefore: number, maxLength: number) {
    this.#start = maxBefore + maxUint;
    this.#at = this.#start;
    this.#buffer = Buffer.allocUnsafe(this.#start + maxLength);
  }

  /** Below 2^32. */
  uint(value: number): void {
    this.#at = writeUint(this.#buffer, this.#at, value);
  }

  /** An int32. */
  int(value: number): void {
    this.uint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  string(text: string): void {
    this.uint(Buffer.byteLength(text));
    this.#at += this.#buffer.write(text, this.#at);
  }

  bytes(bytes: Uint8Array): void {
    this.uint(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The bytes `before`, and then the message with its length in front. */
  finish(before: Uint8Array): Buffer {
    const length = this.#at - this.#start;
    const begin = this.#start - uintLength(length) - before.length;
    this.#buffer.set(before, begin);
    writeUint(this.#buffer, begin + before.length, length);
    return this.#buffer.subarray(begin, this.#at);
  }
}

/** @returns the position after it */
function writeUint(buffer: Buffer, at: number, value: number): number {
  if (value < 0x80) return buffer.writeUInt8(value, at);
  const count = uintLength(value) - 1;
  buffer.writeUInt8(0x100 - count, at);
  return buffer.writeUIntBE(value, at + 1, count);
}

function uintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x100) return 2;
  if (value < 0x1_0000) return 3;
  return value < 0x100_0000 ? 4 : 5;
}
