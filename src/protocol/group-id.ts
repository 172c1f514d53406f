/** What a group ID may be that its creator chooses. Protocol: relations-groups.md 8.1; conversation IDs are made of it. */
import { exceedsBytes, widestBounds } from './bounds.ts';

/** @returns what is wrong with it, to be put behind its name; undefined if nothing is, or if it is empty */
export function groupIDFault(groupID: string): string | undefined {
  const { maxIdBytes } = widestBounds;
  if (exceedsBytes(groupID, maxIdBytes)) return `is over ${maxIdBytes} bytes`;
  return /[\s:\p{C}]/u.test(groupID) ? 'may have no white space, control characters and :' : undefined;
}
