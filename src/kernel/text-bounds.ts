/** Bounds of texts that users may store. */
import { exceedsBytes } from '../protocol/bounds.ts';
import { errors } from '../protocol/errors.ts';

/** @param text null is not set. @throws 1001 if it is longer than so many bytes of UTF-8 */
export function requireWithin(name: string, text: string | null, maxBytes: number): void {
  if (text !== null && exceedsBytes(text, maxBytes)) throw errors.args(`${name} is over ${maxBytes} bytes`);
}
