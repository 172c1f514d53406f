/** What is looked for, as the index of texts knows it (conversations-messages chapter, 9.11). */
import { errors } from '../protocol/errors.ts';
import { wordsOf } from './words.ts';

/** @returns words, of which there is one at least. @throws 1001 none, or a longer keyword than `maxBytes` */
export function wordsOfKeyword(keyword: string, maxBytes: number): readonly string[] {
  if (Buffer.byteLength(keyword) > maxBytes) throw errors.args(`keyword has more than ${maxBytes} bytes`);
  const words = wordsOf(keyword);
  if (words.length === 0) throw errors.args('keyword holds no word');
  return words;
}
