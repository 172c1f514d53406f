/** Random choices and changes to bytes that a seed repeats. */

export class Mutator {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  /** Uniform, from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** One to four changes: a flipped bit, a cut, a repeated part, random bytes in between, a byte that parsers mind. */
  mutate(original: Uint8Array): Buffer {
    let bytes: Buffer = Buffer.from(original);
    for (let i = this.below(4); i >= 0; i--) bytes = this.#change(bytes);
    return bytes;
  }

  #change(bytes: Buffer): Buffer {
    const at = this.below(bytes.length + 1);
    const to = at + this.below(bytes.length - at + 1);
    switch (this.below(5)) {
      case 0:
        if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << this.below(8));
        return bytes;
      case 1:
        return bytes.subarray(0, at);
      case 2:
        return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
      case 3:
        return Buffer.concat([bytes.subarray(0, at), this.#noise(), bytes.subarray(to)]);
      default:
        if (at < bytes.length) bytes[at] = Buffer.from('"\\{}[],:0-.eE\0\u007f%=&?')[this.below(18)]!;
        return bytes;
    }
  }

  #noise(): Buffer {
    return Buffer.from(Array.from({ length: this.below(40) }, () => this.below(256)));
  }
}

/** Deterministic, uniform in [0, 1). */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
