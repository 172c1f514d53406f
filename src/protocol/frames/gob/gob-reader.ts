/**
 * Reads the primitives of a gob stream. Every read is held to the message that it is in, and nothing is allocated by a
 * length that the frame only claims. Protocol: websocket.md 2.6, primitives.
 */
import { refuse } from './gob-types.ts';

export class GobReader {
  readonly #bytes: Buffer;
  #at: number;
  /** Of the current message. */
  #end: number;

  /** @param start where the first message begins */
  constructor(frame: Buffer, start = 0) {
    this.#bytes = frame;
    this.#at = start;
    this.#end = start;
  }

  /** Where in the frame the reader is. */
  get position(): number {
    return this.#at;
  }

  /** True when nothing of the current message is left. */
  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  /** Enters the next message. Whatever the current one has left is passed over. */
  nextMessage(): void {
    this.#at = this.#end;
    this.#end = this.#bytes.length;
    const length = this.length();
    this.#end = this.#at + length;
  }

  /** An unsigned integer that a number holds exactly; larger ones are refused. */
  uint(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    let value = 0;
    for (let left = this.#followingBytes(first); left > 0; left--) value = value * 256 + this.#byte();
    return Number.isSafeInteger(value) ? value : refuse('an integer is too large');
  }

  int(): number {
    const value = this.uint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  int32(): number {
    const value = this.int();
    return value === (value | 0) ? value : refuse('an integer is too large');
  }

  /** A number of bytes or elements: each takes at least a byte of what is left. */
  length(): number {
    const length = this.uint();
    return length <= this.#end - this.#at ? length : refuse('a length goes beyond the message');
  }

  /** A view into the frame. */
  bytes(): Buffer {
    const start = this.#skipDelimited();
    return this.#bytes.subarray(start, this.#at);
  }

  /** Bytes that are not UTF-8 become U+FFFD. */
  string(): string {
    const start = this.#skipDelimited();
    return this.#bytes.toString('utf8', start, this.#at);
  }

  /**
   * The index of the next field that a struct value holds, or -1 at the value's end.
   *
   * @param last the index of the field before, -1 at the beginning
   * @param count how many fields the struct has
   */
  nextField(last: number, count: number): number {
    const delta = this.uint();
    if (delta === 0) return -1;
    return last + delta < count ? last + delta : refuse('a field that its type does not have');
  }

  /** Passes over an unsigned or signed integer, bool or float of any size. */
  skipUint(): void {
    const first = this.#byte();
    if (first >= 0x80) this.#skip(this.#followingBytes(first));
  }

  skipBytes(): void {
    this.#skipDelimited();
  }

  /** @returns where the bytes begin; they end at the new position */
  #skipDelimited(): number {
    const length = this.length();
    const start = this.#at;
    this.#at += length;
    return start;
  }

  #skip(length: number): void {
    if (length > this.#end - this.#at) refuse('a value goes beyond the message');
    this.#at += length;
  }

  /** Longer integers begin with the negated number of their bytes. */
  #followingBytes(first: number): number {
    const count = 0x100 - first;
    return count <= 8 ? count : refuse('an integer of more than 64 bits');
  }

  #byte(): number {
    if (this.#at >= this.#end) refuse('a value goes beyond the message');
    return this.#bytes[this.#at++] ?? 0;
  }
}
