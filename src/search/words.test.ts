/** What is found by what, in many scripts: rows of words are looked for among the words of a text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wordsOf } from './words.ts';

for (const [name, text, words] of [
  ['Chinese: every character', '我们明天见', ['我', '们', '明', '天', '见']],
  ['Japanese: every character, the long vowel too', 'サーバーの再起動', [...'サーバーの再起動']],
  ['half-width Japanese as full-width', 'ﾃﾞｰﾀ', ['デ', 'ー', 'タ']],
  ['Korean: every syllable', '안녕 하세요', ['안', '녕', '하', '세', '요']],
  ['Thai: every character', 'ดี', ['ด', 'ี']],
  ['Latin words are whole, in lower case', 'Hello WORLD, Straße', ['hello', 'world', 'straße']],
  ['accents stay', 'Café déjà', ['café', 'déjà']],
  ['accents written apart are the same', 'cafe\u0301', ['café']],
  ['mixed', '用iPhone15拍的', ['用', 'iphone15', '拍', '的']],
  ['full-width letters and digits', 'ＡＢＣ１２', ['abc12']],
  ['punctuation parts words and is none', 'a.b,c;d_e-f(g)!“h”、i。', [...'abcdefghi']],
  ['numbers', '3.14 ½', ['3', '14', '1', '2']],
  ['faces, whatever their look', '👍🏽❤️👩‍💻', ['👍', '🏽', '❤', '👩', '💻']],
  ['flags', '🇨🇳', ['🇨', '🇳']],
  ['Cyrillic, Greek and Arabic', 'Привет ΑΒΓ سلام', ['привет', 'αβγ', 'سلام']],
  ['nothing', ' \u0000\n!?…—\ufe0f', []],
  ['half characters are left out', 'a\ud800b', ['a', 'b']],
] as const) {
  test(`words: ${name}`, () => assert.deepEqual(wordsOf(text), words));
}

test('words: very long ones are known by their beginning, and a text by its first words', () => {
  assert.deepEqual(wordsOf('x'.repeat(1000)), ['x'.repeat(64)]);
  assert.deepEqual(wordsOf('a b c', 2), ['a', 'b']);
});

test('O1 what is pasted without a space is one word, of any length, and what follows it is another', () => {
  for (const letter of ['a', '\u{10428}']) {
    const long = letter.repeat(4_000_000);
    const [first, ...rest] = wordsOf(`${long}京 b`);
    assert.deepEqual([first?.length, rest], [64, ['京', 'b']]);
  }
});
