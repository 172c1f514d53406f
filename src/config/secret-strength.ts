/**
 * How many guesses a secret would stand, roughly: people choose words, rows of keys and repetitions, and whoever guesses
 * tries those first. An upper bound; a word that is not in our small list counts as random letters.
 */

/** The number of guesses as a power of two. */
export function guessBits(secret: string): number {
  const text = secret.slice(0, enoughLength);
  const block = repeatedBlock(text);
  if (block.length < text.length) return guessBits(block) + Math.log2(text.length / block.length);
  const plain = unmasked(text);
  const perCharacter = Math.log2(alphabetSize(text));
  let bits = 0;
  for (let at = 0; at < plain.length; ) {
    const length = Math.max(patternLength(plain, at), yearLength(text, at));
    bits += length === 0 ? perCharacter : patternBits;
    at += length || 1;
  }
  return bits;
}

/** Longer ones are good enough whatever follows. */
const enoughLength = 256;
/** What a word or a row of keys costs to guess, however long it is. */
const patternBits = 8;

/** The shortest text that, repeated, makes this one. */
function repeatedBlock(text: string): string {
  const period = `${text}${text}`.indexOf(text, 1);
  return text.slice(0, period);
}

function alphabetSize(text: string): number {
  const classes: readonly (readonly [RegExp, number])[] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[^a-zA-Z0-9]/, 33],
  ];
  return classes.reduce((sum, [members, size]) => (members.test(text) ? sum + size : sum), 0);
}

/** Without the disguises that everybody knows: P4$$w0rd. Of the same length. */
function unmasked(text: string): string {
  return Array.from(text.toLowerCase(), (character) => disguises.get(character) ?? character).join('');
}

const disguises = new Map(
  Object.entries({ '0': 'o', '1': 'l', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's' }),
);

/** How much of the text from there on is a word or a row; 0 if nothing is. */
function patternLength(plain: string, at: number): number {
  const word = words.find((each) => plain.startsWith(each, at));
  return Math.max(word?.length ?? 0, rowLength(plain, at));
}

function yearLength(text: string, at: number): number {
  return /^(?:19|20)\d\d/.test(text.slice(at, at + 4)) ? 4 : 0;
}

function rowLength(plain: string, at: number): number {
  const lengths = rows.map((row) => {
    const begin = row.indexOf(plain.charAt(at));
    let length = 0;
    while (begin >= 0 && row[begin + length] !== undefined && plain[at + length] === row[begin + length]) length++;
    return length;
  });
  let repeats = 1;
  while (plain[at + repeats] === plain[at]) repeats++;
  const longest = Math.max(repeats, ...lengths);
  return longest >= 3 ? longest : 0;
}

const ascending = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qazwsxedc',
  '1qaz2wsx',
];
const rows: readonly string[] = ascending.map(unmasked).flatMap((row) => [row, [...row].reverse().join('')]);

/** As they are tried first, the longer ones first; also what this program's operators would think of. */
const words: readonly string[] = [
  'administrator changeme password passwort passwd secret openim tessera welcome letmein default example production',
  'development staging server master access shadow dragon monkey football baseball sunshine princess iloveyou superman',
  'trustno hello login admin guest token qwerty azerty test demo root user pass chat love key',
]
  .join(' ')
  .split(' ')
  .map(unmasked)
  .sort((a, b) => b.length - a.length);
