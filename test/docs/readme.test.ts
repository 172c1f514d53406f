/** The README's promises to a stranger: what it shows is what happens. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { endpointCoverage } from '../../scripts/endpoint-coverage.ts';
import { configurationPage } from '../../src/config/describe.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { cellsOf, codeBlocks, readPage, tableUnder } from './markdown.ts';
import { runSession, stepsOf } from './shell-session.ts';

const english = readPage('README.md');
const chinese = readPage('README.zh-CN.md');

test('the walk through the README prints what the README shows', async (t) => {
  // No secret given: as after a fresh clone, the server makes one where the README reads it.
  const server = await TesseraProcess.start({ env: { TESSERA_SECRET: '' } });
  t.after(() => server.dispose());
  const here = (shown: string) =>
    shown
      .replaceAll('127.0.0.1:10002', new URL(server.apiUrl).host)
      .replaceAll('127.0.0.1:10001', new URL(server.wsUrl).host);
  const blocks = codeBlocks(english);
  const program = blocks.find(({ language }) => language === 'js');
  await writeFile(join(server.dataDir, 'hello.mjs'), here(program?.text ?? ''));
  await symlink(new URL('../../node_modules', import.meta.url), join(server.dataDir, 'node_modules'));
  const steps = blocks.filter(({ language }) => language === 'console').flatMap(({ text }) => stepsOf(text));
  const path = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter);

  const results = await runSession(
    steps.map(({ command }) => here(command)),
    { cwd: server.dataDir, env: { PATH: path } },
  );

  for (const [index, { command, output }] of steps.entries()) {
    await t.test(command, () => assert.deepEqual(results[index], { output, exitCode: 0 }));
  }
});

test('both READMEs count the endpoints that there are, and those that there are not', () => {
  const rows = endpointCoverage().map(({ area, working, ours, missing }) => [
    `\`${area}\``,
    ...[working.length - ours.length, missing.length, ours.length].map(String),
  ]);
  assert.deepEqual(tableUnder(english, '## What works today'), rows);
  assert.deepEqual(tableUnder(chinese, '## 现在可用的功能'), rows);
});

test('docs/clients.md names the versions of the SDKs that the suite runs, and their tests', () => {
  const { devDependencies } = JSON.parse(readPage('package.json'));
  for (const [client = '', version = '', tests = ''] of tableUnder(readPage('docs/clients.md'), '## Tested')) {
    const [, name] = /^`(@openim\/[\w-]+)`/.exec(client) ?? [];
    if (name === undefined) continue;
    assert.equal(version, devDependencies[name], client);
    for (const [, path = ''] of tests.matchAll(/`([^`]+)`/g)) {
      assert.ok(existsSync(new URL(`../../${path}`, import.meta.url)), path);
    }
  }
});

test('the configuration table says what the option list says', () => {
  const known = new Map(
    configurationPage()
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map(cellsOf)
      .map(([variable = '', , , , byDefault, , meaning]) => [variable, [variable, byDefault, meaning]]),
  );
  for (const row of tableUnder(english, '## Configuration')) assert.deepEqual(row, known.get(row[0] ?? ''));
});

test('the Chinese configuration table has the same settings and defaults', () => {
  const settings = (page: string, heading: string) => tableUnder(page, heading).map((row) => row.slice(0, 2));
  assert.deepEqual(settings(chinese, '## 配置'), settings(english, '## Configuration'));
});
