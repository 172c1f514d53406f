/** The titles of all tests, as they stand in the source. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface TestTitle {
  /** Relative to the root of the repository. */
  readonly file: string;
  /** As written: placeholders are not filled in. */
  readonly title: string;
  /** The numbers that it begins with: `T1`, `M1, T1`. */
  readonly rules: readonly string[];
}

/**
 * First arguments of `test`, `describe` and their like, and the names in tables of scenarios: of `name`, of calls that
 * make a refusal, and of rows that go on with who calls.
 */
const titlePattern =
  /(?:\b(?:test|describe|testOn\w+|refusal|refused)\(\s*|\bname: |\[\s*(?=(?:'[^'\n]+'|"[^"\n]+"),\s+'\w+',\s))(['"`])((?:\\.|(?!\1)[^\\])*)\1/g;
const rulesPattern = /^[TMO]\d+(?:,? [TMO]\d+)*(?=[: ])/;

export function readTestTitles(): TestTitle[] {
  const files = globSync(['src/**/*.test.ts', 'test/**/*.ts'], { cwd: root }).sort();
  return files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(titlePattern)].map(([, , title = '']) => ({
      file,
      title: title.replaceAll(/\\(['"`])/g, '$1'),
      rules: rulesPattern.exec(title)?.[0].match(/[TMO]\d+/g) ?? [],
    })),
  );
}
