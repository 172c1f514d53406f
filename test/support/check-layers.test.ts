/** scripts/check-layers.ts finds what the layer rules forbid, and nothing else. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkLayers } from '../../scripts/check-layers.ts';
import { scanSource } from '../../scripts/layers/scan-source.ts';

/** A tree that keeps all rules, using every permission that is easy to take away by mistake. */
const CLEAN = {
  'main.ts': `import { start } from './app/app.ts';\nstart();`,
  'app/app.ts': `import '../http/server.ts';\nimport '../redis/store.ts';\nexport function start() {}`,
  'config/env.ts': `export const read = () => process.env;`,
  'config/config.ts': `import { read } from './env.ts';\nexport interface Config { port: number }`,
  'http/server.ts': `import type { Config } from '../config/config.ts';\nimport { issue } from '../tokens/issue.ts';`,
  'tokens/issue.ts': `import { code } from '../protocol/errors.ts';\nimport type { UnitOfWork } from '../kernel/unit-of-work.ts';`,
  'tokens/a.ts': `import type { B } from './b.ts';\nexport type A = B;`,
  'tokens/b.ts': `import type { A } from './a.ts';\nexport type B = A;`,
  'tokens/issue.test.ts': `import '../redis/store.ts';\nprocess.env.HOME;`,
  'users/users.ts': `import { issue } from '../tokens/issue.ts';`,
  'kernel/unit-of-work.ts': `export interface UnitOfWork {}`,
  'redis/store.ts': `import { issue } from '../tokens/issue.ts';`,
  'protocol/errors.ts': `import { inspect } from 'node:util';\nexport const code = 1501;`,
};

test('a tree that keeps the rules has no violations', async (t) => {
  assert.deepEqual(await violationsOf(t, CLEAN), []);
});

const forbidden: Record<string, { file: string; source: string; violation: RegExp }> = {
  'a domain that imports an adapter': {
    file: 'tokens/bad.ts',
    source: `\nexport { store } from '../redis/store.ts';`,
    violation: /^src\/tokens\/bad\.ts:2: tokens may not import redis \(src\/redis\/store\.ts\)$/,
  },
  'a domain that imports one to its right': {
    file: 'tokens/bad.ts',
    source: `import type { Users } from '../users/users.ts';`,
    violation: /tokens may not import users/,
  },
  'a domain that imports a store': {
    file: 'tokens/bad.ts',
    source: `import { tables } from '../store/schema.ts';`,
    violation: /tokens may not import store/,
  },
  'a type is an import too': {
    file: 'protocol/bad.ts',
    source: `import type { issue } from '../tokens/issue.ts';`,
    violation: /protocol may not import tokens/,
  },
  'a door that imports more than types of the configuration': {
    file: 'http/bad.ts',
    source: `import { type Config } from '../config/config.ts';`,
    violation: /http may import only types of config/,
  },
  'a lazy import': {
    file: 'gateway/bad.ts',
    source: `export const load = async () => (await import('../redis/store.ts')).store;`,
    violation: /gateway may not import redis/,
  },
  'a lazy import of a computed name': {
    file: 'gateway/bad.ts',
    source: `export const load = (name: string) => import('../redis/' + name);`,
    violation: /^src\/gateway\/bad\.ts:1: import\(\) of a computed name/,
  },
  'an import from outside the tree': {
    file: 'http/bad.ts',
    source: `import '../../test/support/fake.ts';`,
    violation: /in no layer of src/,
  },
  'a folder without a layer': {
    file: 'utilities/bad.ts',
    source: 'export const a = 1;',
    violation: /^src\/utilities\/bad\.ts: belongs to no layer/,
  },
  'a second reader of the environment': {
    file: 'http/bad.ts',
    source: `// process.env in a comment is fine\nexport const home = process.env.HOME;`,
    violation: /^src\/http\/bad\.ts:2: only src\/config\/env\.ts may read the environment$/,
  },
};

for (const [title, { file, source, violation }] of Object.entries(forbidden)) {
  test(`reported: ${title}`, async (t) => {
    const violations = await violationsOf(t, { ...CLEAN, [file]: source });
    assert.equal(violations.length, 1, violations.join('\n'));
    assert.match(violations[0]!, violation);
  });
}

test('reported: a cycle of run-time imports, with its path', async (t) => {
  const violations = await violationsOf(t, {
    ...CLEAN,
    'tokens/a.ts': `import { b } from './b.ts';\nexport const a = () => b;`,
    'tokens/b.ts': `import './c.ts';\nexport const b = 1;`,
    'tokens/c.ts': `export * from './a.ts';`,
  });
  assert.deepEqual(violations, [
    'import cycle: src/tokens/a.ts -> src/tokens/b.ts -> src/tokens/c.ts -> src/tokens/a.ts',
  ]);
});

test('the scanner sees every form of import, and its line', () => {
  const source = [
    `import bare from './default.ts';`,
    `import all, { type A, b as c } from "./named.ts";`,
    `import type {`,
    `  Wrapped,`,
    `} from './type.ts';`,
    `import './effect.ts';`,
    `export * as ns from './star.ts';`,
    `export type { D } from './type-export.ts';`,
    `import manifest from './data.json' with { type: 'json' };`,
    `type E = import('./type-expression.ts').E | typeof import('./typeof.ts');`,
    `const lazy = import('./lazy.ts').then((m) => m.default);`,
  ].join('\n');
  const seen = scanSource('a.ts', source).imports.map(
    ({ specifier, isTypeOnly, line }) => `${line} ${specifier}${isTypeOnly ? ' type' : ''}`,
  );
  assert.deepEqual(seen, [
    '1 ./default.ts',
    '2 ./named.ts',
    '3 ./type.ts type',
    '6 ./effect.ts',
    '7 ./star.ts',
    '8 ./type-export.ts type',
    '9 ./data.json',
    '10 ./type-expression.ts type',
    '10 ./typeof.ts type',
    '11 ./lazy.ts',
  ]);
});

test('the scanner is not taken in by what only looks like an import', () => {
  const source = [
    `// import a from './comment.ts';`,
    `/* export * from './block.ts'; */`,
    `const text = "import b from './string.ts'";`,
    `const template = \`import c from "./template.ts" \${\`nested import("./d.ts")\`} export * from "./e.ts"\`;`,
    `const pattern = /['"] import f from ".\\/pattern.ts"/;`,
    `const half = total / 2; // import g from './division.ts' /`,
    `Array.from('./method.ts'); loader.import('./property.ts'); import.meta.url;`,
    `export const from = './constant.ts'; export type H = { from: './literal.ts' };`,
  ].join('\n');
  assert.deepEqual(scanSource('a.ts', source).imports, []);
});

test('the scanner sees the environment however it is reached, and code inside templates', () => {
  const uses = [
    'process.env.HOME',
    'const { env } = process;',
    `process['env']`,
    'globalThis.process?.env',
    `\`home: \${process.env.HOME}\``,
    `import { env } from 'node:process';`,
  ];
  for (const use of uses) assert.deepEqual(scanSource('a.ts', `\n${use}`).environmentLines, [2], use);
  const { environmentLines } = scanSource('a.ts', `'process.env'; const { env } = options; process.exit();`);
  assert.deepEqual(environmentLines, []);
});

async function violationsOf(t: TestContext, tree: Record<string, string>): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'tessera-layers-'));
  t.after(() => rm(root, { recursive: true }));
  for (const [file, source] of Object.entries(tree)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), source);
  }
  return checkLayers(root);
}
