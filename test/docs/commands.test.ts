/** Commands that the pages tell people to type can be typed: where they are, as they stand. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { runTesseraHere } from '../support/run-tessera.ts';
import { codeBlocks, readPage } from './markdown.ts';

const root = join(import.meta.dirname, '../..');
/** After the settings that may stand before it, and the prompt. */
const tesseraCommand = /^ *(?:\$ )?(?:\w+=\S+ )*(npx |sudo .*|docker .* tessera )?\btessera ([a-z].*?)(?: +#.*)?$/;

const pages = globSync(['*.md', 'docs/*.md'], { cwd: root });
const commands = pages.flatMap((page) =>
  // Blocks in lists are indented.
  codeBlocks(readPage(page).replace(/^ +```/gm, '```'))
    .flatMap(({ text }) => text.split('\n'))
    .flatMap((line) => {
      const [, before = '', words = ''] = tesseraCommand.exec(line) ?? [];
      return words === '' ? [] : [{ page, line: line.trim(), before, words: words.split(/ +/) }];
    }),
);

test('every command begins with what finds the program there', () => {
  assert.ok(commands.length > 15, `${commands.length} commands`);
  for (const { page, line, before } of commands) assert.notEqual(before, '', `${page}: ${line}`);
});

test('every command exists, with the flags that it is given', async () => {
  const helps = new Map<string, Promise<{ code: number; stdout: string }>>();
  for (const { page, line, words } of commands) {
    const names = words.slice(0, 2).filter((word) => /^[a-z]+$/.test(word));
    const name = names.join(' ');
    if (!helps.has(name)) helps.set(name, runTesseraHere([...names, '--help'], {}));
    const { code, stdout } = (await helps.get(name)) ?? { code: -1, stdout: '' };
    assert.equal(code, 0, `${page}: ${line}`);
    for (const flag of words.filter((word) => word.startsWith('--'))) {
      assert.ok(stdout.includes(flag), `${page}: ${line}: ${flag} is none of the flags of tessera ${name}`);
    }
  }
});

test('npx tessera runs this program, in every directory of the clone, and asks no registry', async () => {
  const env = { PATH: [dirname(process.execPath), process.env.PATH].join(':'), npm_config_offline: 'true' };
  const { stdout } = await promisify(execFile)('npx', ['tessera', '--version'], { cwd: join(root, 'docs'), env });
  const { version } = JSON.parse(readPage('package.json'));
  assert.equal(stdout, `${version}\n`);
});
