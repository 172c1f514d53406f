/** What a user ID may be. Protocol: rest-core.md 7.2. */

/**
 * In UTF-8. Every client's IDs fit many times; conversation IDs are made of two, and index entries of those, which
 * PostgreSQL limits to about 2700 bytes.
 */
const maxUserIDBytes = 256;

/** @returns what is wrong with it, to be put behind its name; undefined if nothing is, or if it is empty */
export function userIDFault(userID: string): string | undefined {
  if (!/^[\p{L}\p{Nd}_]*$/u.test(userID)) return 'may have only letters, digits and _';
  return Buffer.byteLength(userID) > maxUserIDBytes ? `is over ${maxUserIDBytes} bytes` : undefined;
}
