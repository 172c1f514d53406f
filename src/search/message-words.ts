/** What of a message's content is looked for (conversations-messages chapter, 9.11). */

import type { MsgData } from '../protocol/gen/openim.ts';
import { contentTypes } from '../protocol/numbers/contents.ts';
import { optionKeys } from '../protocol/numbers/messages.ts';
import { notificationTypes } from '../protocol/numbers/notices.ts';
import { wordsOf } from './words.ts';

/** By type, the fields that hold texts, in lower case: clients read them in any. Other types have no words. */
const fieldsOf: ReadonlyMap<number, readonly string[]> = new Map([
  [contentTypes.text, ['content']],
  [contentTypes.file, ['filename']],
  [contentTypes.atText, ['text']],
  // What is quoted or forwarded is found where it was said.
  [contentTypes.merger, ['title', 'abstractlist']],
  [contentTypes.card, ['nickname']],
  [contentTypes.location, ['description']],
  [contentTypes.custom, ['description']],
  [contentTypes.customNoTrigger, ['description']],
  [contentTypes.quote, ['text']],
  [contentTypes.advancedText, ['text']],
  [contentTypes.markdown, ['content']],
  [notificationTypes.officialAccount, ['notificationname', 'text']],
]);

/**
 * The words of a message, in their order; none of what has no texts, and of what is to be burnt after reading, which its
 * readers' clients forget.
 */
export function wordsOfMessage({ contentType, content, options }: MsgData): string[] {
  const fields = fieldsOf.get(contentType);
  if (fields === undefined || options.get(optionKeys.notPrivate) === false) return [];
  const outer = parse(Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString());
  const object = contentType === notificationTypes.officialAccount ? parse(outer.detail) : outer;
  const texts = Object.entries(object).flatMap(([name, value]) => (fields.includes(name.toLowerCase()) ? value : []));
  const words: string[] = [];
  for (const text of texts) {
    if (typeof text !== 'string') continue;
    if (words.length > 0) words.push(gap);
    words.push(...wordsOf(text, maxWords - words.length));
  }
  return words;
}

/** No word of a text: nothing is found across two texts. */
const gap = '␞';

/** Of one message; what stands further behind is not found. */
export const maxWords = 4000;

function parse(text: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
