/** The fingerprint of an ordered list of IDs that clients may send to ask "still the same?". */
import { createHash } from 'node:crypto';

/**
 * Protocol: relations-groups.md 10.4. 0 for an empty list, otherwise a uint64 that uses all its bits: the head of the
 * MD5 of the list as JSON, in the spelling of Go's encoder.
 */
export function idHash(ids: readonly string[]): bigint {
  if (ids.length === 0) return 0n;
  return createHash('md5').update(goJson(ids)).digest().readBigUInt64BE();
}

/** Go also escapes what could end a script element or a JavaScript line. */
function goJson(ids: readonly string[]): string {
  return JSON.stringify(ids.map((id) => id.toWellFormed())).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
