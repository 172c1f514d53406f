/** What a user ID may be. Protocol: rest-core.md 7.2. */

import { exceedsBytes, widestBounds } from './bounds.ts';

/** @returns what is wrong with it, to be put behind its name; undefined if nothing is, or if it is empty */
export function userIDFault(userID: string): string | undefined {
  const { maxIdBytes } = widestBounds;
  if (exceedsBytes(userID, maxIdBytes)) return `is over ${maxIdBytes} bytes`;
  return /[^\p{L}\p{Nd}_]/u.test(userID) ? 'may have only letters, digits and _' : undefined;
}
