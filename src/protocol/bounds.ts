/** What no part of a request may exceed, whoever sends it and whatever it asks for. */

export interface WireBounds {
  /** Of everything that names something, in UTF-8. */
  readonly maxIdBytes: number;
  /** Elements of a list, keys of an object or map. */
  readonly maxListItems: number;
}

/**
 * The outermost bounds; settings may only narrow them. Every client's IDs fit 256 bytes many times; conversation IDs are
 * made of two, and index entries of those, which PostgreSQL limits to about 2700 bytes. Lists are worked off on
 * everybody's thread, and what back ends send in one request stays far below 10 000.
 */
export const widestBounds: WireBounds = { maxIdBytes: 256, maxListItems: 10_000 };

/** Whether a text is longer than so many bytes of UTF-8; costs nothing for one that is much too long. */
export function exceedsBytes(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}

/** Whether a field of this name names something: `userID`, `seqIDs`, `atUserIDList`. */
export function isIDField(name: string): boolean {
  return name.endsWith('ID') || name.endsWith('IDs') || name.endsWith('IDList');
}
