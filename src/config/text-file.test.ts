/** A byte order mark in a file that people write changes nothing, whichever file it is. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from './config.ts';
import { readSigningKeyFile } from './signing-key-file.ts';
import { readTextFile } from './text-file.ts';

const mark = '\ufeff';

test('of the configuration file, the signing keys and .env', (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'tessera.config.json');
  writeFileSync(file, `${mark}{"apiPort":1234}`);
  assert.equal(loadConfig({ file: { path: file, isRequired: true } }).apiPort, 1234);

  const secret = 'x'.repeat(43);
  writeFileSync(join(directory, 'signing-keys.json'), `${mark}[{"secret":"${secret}","state":"signing"}]`);
  assert.equal(readSigningKeyFile(directory)?.length, 1);

  writeFileSync(join(directory, '.env'), `${mark}TESSERA_API_PORT=4321\nTESSERA_WS_PORT=5432\n`);
  // In a process of its own: it changes the environment, and reads the working directory.
  const script = `import { readEnvironment } from '${new URL('./env.ts', import.meta.url)}'; console.log(JSON.stringify(readEnvironment()));`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: directory,
    env: { TESSERA_WS_PORT: '1' },
    encoding: 'utf8',
  });
  assert.deepEqual(JSON.parse(printed), {
    variables: { TESSERA_WS_PORT: '1', TESSERA_API_PORT: '4321' },
    fromFile: ['TESSERA_API_PORT'],
  });
});

test('UTF-16 is said, not read as something else', (t) => {
  const path = join(temporaryDirectory(t), 'x');
  writeFileSync(path, Buffer.from(`${mark}{}`, 'utf16le'));
  assert.throws(() => readTextFile(path), /UTF-16/);
  assert.throws(() => loadConfig({ file: { path, isRequired: false } }), /cannot be read \(UTF-16: save it as UTF-8\)/);
});

function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'tessera-text-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}
