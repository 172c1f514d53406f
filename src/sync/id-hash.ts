/** Fingerprints of lists, by which clients may ask "still the same?". Protocol: relations-groups.md 8.12 and 10.4. */
import { createHash } from 'node:crypto';

/**
 * 10.4. 0 for an empty list of IDs, otherwise a uint64 that uses all its bits: the head of the MD5 of the list as JSON, in
 * the spelling of Go's encoder.
 */
export function idHash(ids: readonly string[]): bigint {
  if (ids.length === 0) return 0n;
  return createHash('md5')
    .update(goJson(ids.map((id) => id.toWellFormed())))
    .digest()
    .readBigUInt64BE();
}

/** The same of a list of objects, which need not be in memory all at once; 8.12 hashes the empty list, too. */
export class ListHash {
  readonly #hash = createHash('md5').update('[');
  #isEmpty = true;

  /** @param items the next ones. Their texts hold no half of a surrogate pair: none that was stored does */
  add(items: readonly object[]): void {
    if (items.length === 0) return;
    const inner = goJson(items).slice(1, -1);
    this.#hash.update(this.#isEmpty ? inner : `,${inner}`);
    this.#isEmpty = false;
  }

  digest(): bigint {
    return this.#hash.update(']').digest().readBigUInt64BE();
  }
}

/** Go also escapes what could end a script element or a JavaScript line. */
function goJson(value: readonly unknown[]): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
