/**
 * O1 No regular expression of the server takes more than linear time, whatever it is given: each that stands in a source
 * is run over long hostile texts of growing size. What is asserted is growth and never a duration.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { isNode, parseNodes } from '../../scripts/layers/parse-source.ts';
import { wordPattern } from '../../src/search/words.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { OperationScope } from '../../src/telemetry/operation.ts';

const root = join(import.meta.dirname, '../..');

interface Found {
  /** Or several, with commas. */
  readonly file: string;
  readonly pattern: string;
  readonly flags: string;
}

const { literals, made } = findExpressions();
const words = { file: 'src/search/words.ts', pattern: wordPattern.source, flags: wordPattern.flags };

test('O1 the only expressions that are put together are those of words and of the scrubber of logs', () => {
  assert.deepEqual(made.toSorted(), [words.file, 'src/telemetry/logger.ts']);
});

for (const { file, pattern, flags } of [...literals, words]) {
  test(`O1 linear in ${file}: /${pattern}/${flags}`, () => {
    endingInTime(() => {
      const measure = measurer(new RegExp(pattern, flags));
      // Every text at sizes at which even a quadratic expression ends soon; then a megabyte of the most expensive.
      const slowest = hostileTexts(pattern).map((make) => ({
        make,
        ms: assertLinear(measure, make, 2 ** 12, 2 ** 15),
      }));
      slowest.sort((a, b) => b.ms - a.ms);
      for (const { make } of slowest.slice(0, 2)) assertLinear(measure, make, 2 ** 15, 2 ** 20);
    });
  });
}

test('O1 the scrubber of logs is linear', () => {
  const destination = new Writable({ write: (_chunk, _encoding, done) => done() });
  const secrets = () => ['a-secret-of-the-server', 'aaaaaaaaaaaaaaaaaaaaaaaa'];
  const logger = createLogger({ level: 'info', format: 'json', secrets, scope: new OperationScope(), destination });
  const measure = (text: string) => {
    const startedAt = performance.now();
    logger.info(text);
    return performance.now() - startedAt;
  };
  for (const pump of ['eyJ', 'eyJa', 'a', 'eyJaaaa.', '.']) {
    assertLinear(measure, (size) => pump.repeat(size / pump.length), 2 ** 12, 2 ** 15);
    assertLinear(measure, (size) => pump.repeat(size / pump.length), 2 ** 14, 2 ** 20);
  }
});

/** @returns the least time that the larger text took, in ms */
function assertLinear(measure: (text: string) => number, make: (size: number) => string, small: number, large: number) {
  const factor = large / small;
  // Halfway, on a scale of powers, between linear and quadratic growth.
  const limit = factor ** 1.5;
  const texts = [make(small), make(large)] as const;
  const least: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  // On a busy machine many are needed until one is not interrupted, and the first that shows a linear expression ends it.
  for (let attempt = 0; attempt < 30; attempt++) {
    for (const index of [0, 1] as const) least[index] = Math.min(least[index], measure(texts[index]));
    // Below that nothing can be told from noise, and nobody has to wait.
    if (least[1] < unnoticeableMs || least[1] / Math.max(least[0], smallestMs) < limit) return least[1];
  }
  assert.fail(
    `${factor} times the text ${JSON.stringify(texts[0].slice(0, 12))}... takes ${least[1] / least[0]} times as long`,
  );
}

const unnoticeableMs = 1;
/** The timer's own grain. */
const smallestMs = 0.005;

/** @throws if the work does not end: of an expression that never does, this is what stops it. */
function endingInTime(work: () => void): void {
  runInContext('work()', createContext({ work }), { timeout: 60_000 });
}

function measurer(expression: RegExp): (text: string) => number {
  const run = (text: string) => (expression.global ? text.replace(expression, '') : expression.test(text));
  return (text) => {
    const startedAt = performance.now();
    run(text);
    return performance.now() - startedAt;
  };
}

/** Texts that make an expression begin often and fail late: runs of what it may match, and an end that it does not. */
function hostileTexts(pattern: string): ((size: number) => string)[] {
  const words = pattern.match(/[A-Za-z0-9]{2,}/g) ?? [];
  const characters = [...new Set([...pattern, ...'aA0_- .:,;/\\"\'\t\n{}[]()<>=@%äé\u0416\u0301\u200b\ud83d'])];
  const pumps = [
    ...characters,
    ...words,
    ...words.flatMap((word) => [`${word}a`, `${word}.`, `${word} `]),
    'a ',
    'a.',
    'a,',
  ];
  return pumps.flatMap((pump) => ['', '\u0001'].map((end) => (size: number) => hostileText(pump, end, size)));
}

/** Most expressions share most of them. */
const shortTexts = new Map<string, string>();

function hostileText(pump: string, end: string, size: number): string {
  const key = `${size} ${end}${pump}`;
  const text = shortTexts.get(key) ?? pump.repeat(Math.ceil(size / pump.length)) + end;
  if (size <= 2 ** 15) shortTexts.set(key, text);
  return text;
}

function findExpressions(): { readonly literals: readonly Found[]; readonly made: readonly string[] } {
  const found = new Map<string, Found>();
  const making = new Set<string>();
  for (const file of globSync('src/**/*.ts', { cwd: root }).sort()) {
    if (file.endsWith('.test.ts') || file.includes('/gen/')) continue;
    const source = readFileSync(join(root, file), 'utf8');
    if (!mayHoldExpressions(source)) continue;
    for (const { type, regex, callee } of parseNodes(file, source)) {
      if (isRegex(regex)) {
        const key = `/${regex.pattern}/${regex.flags}`;
        const before = found.get(key)?.file.split(', ') ?? [];
        found.set(key, { ...regex, file: [...new Set([...before, file])].join(', ') });
      }
      if (type === 'NewExpression' && isNode(callee) && callee.name === 'RegExp') making.add(file);
    }
  }
  return { literals: [...found.values()], made: [...making] };
}

/** Half of the files have no slash but in comments and imports; to parse one costs more than to run an expression. */
function mayHoldExpressions(source: string): boolean {
  return source
    .split('\n')
    .some((line) => /\/|RegExp/.test(line) && !/^ *(?:\/\/|\/\*|\*|import |export .* from |\} from )/.test(line));
}

function isRegex(value: unknown): value is { readonly pattern: string; readonly flags: string } {
  return typeof value === 'object' && value !== null && 'pattern' in value && 'flags' in value;
}
