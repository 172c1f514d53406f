/**
 * The words of a text, as they are indexed and looked for: both engines are given them one by one, so that neither its
 * version nor its locale decides what is found. What is written without spaces has every character as a word: a part of
 * it is found as a row of words.
 */

/** @param most at most so many, from the beginning */
export function wordsOf(text: string, most = Number.POSITIVE_INFINITY): string[] {
  const normal = text.normalize('NFKC').toLowerCase();
  const words: string[] = [];
  let endOfPiece = -1;
  // Not by `matchAll`, which makes a pattern of its own for each text: half of the time of a short one.
  wordPattern.lastIndex = 0;
  for (let match = wordPattern.exec(normal); match !== null; match = wordPattern.exec(normal)) {
    const { 0: word, 1: piece, index } = match;
    const isContinued = piece !== undefined && index === endOfPiece;
    if (piece !== undefined) endOfPiece = index + piece.length;
    if (isContinued) continue;
    if (words.length >= most) break;
    words.push(word.slice(0, maxWordLength).toWellFormed());
  }
  return words;
}

/** Letters, digits and marks of scripts without spaces, and of Korean, whose particles hang on their words. */
const apart =
  '[[\\p{L}\\p{M}\\p{N}]&&[' +
  ['Han', 'Hiragana', 'Katakana', 'Bopomofo', 'Hangul', 'Thai', 'Lao', 'Khmer', 'Myanmar']
    .map((script) => `\\p{Script_Extensions=${script}}`)
    .join('') +
  ']]';

/** Faces and flags are words, too; what only says how they look is none. */
const picture = '[[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\p{Regional_Indicator}]--[\\p{L}\\p{N}]]';
/** In pieces: one of a megabyte would be more than the stack of the engine holds. */
const joined = `([[\\p{L}\\p{M}\\p{N}]--[${apart}\\p{Variation_Selector}\\u20e3]]{1,1000})`;

/** Known to test/fuzz/regular-expressions.test.ts, which finds those that stand in a source by themselves. */
export const wordPattern = new RegExp(`${apart}|${joined}|${picture}`, 'gv');

/** Longer ones are no words, but what somebody has pasted: they are known by their beginning. In UTF-16 units. */
const maxWordLength = 64;
