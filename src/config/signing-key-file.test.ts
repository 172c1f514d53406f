import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keyID } from '../protocol/key-id.ts';
import type { KeyList } from './key-rotation.ts';
import { changeSigningKeyFile, readSigningKeyFile, secretsOf } from './signing-key-file.ts';

const secret = 's'.repeat(43);
const other = 'o'.repeat(43);
const at = Date.UTC(2030, 0, 1);
const keys: KeyList = [
  { kid: keyID(secret), state: 'signing', since: at, createdAt: at, secret },
  { from: 'admin secret', state: 'verifying', since: at, tokensEndAt: at + 1 },
];

test('what was written is read again', (t) => {
  const dataDir = temporaryDirectory(t);
  assert.equal(readSigningKeyFile(dataDir), undefined);
  assert.deepEqual(
    changeSigningKeyFile(dataDir, () => keys),
    keys,
  );
  assert.deepEqual(readSigningKeyFile(dataDir), keys);
});

test('only its owner can read the file, and nothing else is left beside it', (t) => {
  const dataDir = temporaryDirectory(t);
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  changeSigningKeyFile(dataDir, () => keys);
  changeSigningKeyFile(dataDir, () => keys);
  assert.equal(statSync(join(dataDir, 'signing-keys.json')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(dataDir), ['signing-keys.json']);
});

test('a file that root makes is the server’s, whose the directory is', (t) => {
  const dataDir = temporaryDirectory(t);
  if (process.geteuid?.() === 0) chownSync(dataDir, 4711, 4712);
  changeSigningKeyFile(dataDir, () => keys);
  const [directory, file] = [statSync(dataDir), statSync(join(dataDir, 'signing-keys.json'))];
  assert.deepEqual([file.uid, file.gid], [directory.uid, directory.gid]);
});

test('the file is replaced as a whole: who has the old one open goes on reading the old one', (t) => {
  const dataDir = temporaryDirectory(t);
  const path = join(dataDir, 'signing-keys.json');
  changeSigningKeyFile(dataDir, () => keys);
  const before = statSync(path).ino;
  changeSigningKeyFile(dataDir, (current) => {
    assert.deepEqual(current, keys);
    assert.deepEqual(readSigningKeyFile(dataDir), keys, 'nothing is visible before the change is done');
    return [keys[0]];
  });
  assert.notEqual(statSync(path).ino, before);
  assert.deepEqual(readSigningKeyFile(dataDir), [keys[0]]);
});

test('a change that fails leaves everything as it was', (t) => {
  const dataDir = temporaryDirectory(t);
  changeSigningKeyFile(dataDir, () => keys);
  const failing = () => {
    throw new Error('no');
  };
  assert.throws(() => changeSigningKeyFile(dataDir, failing), /^Error: no$/);
  assert.deepEqual(readdirSync(dataDir), ['signing-keys.json']);
  assert.deepEqual(readSigningKeyFile(dataDir), keys);
});

test('two changes at once: the second is refused, and the first loses nothing', (t) => {
  const dataDir = temporaryDirectory(t);
  changeSigningKeyFile(dataDir, () => {
    assert.throws(() => changeSigningKeyFile(dataDir, () => [keys[0]]), {
      name: 'KeyRefusal',
      message: /another change is under way/,
    });
    return keys;
  });
  assert.deepEqual(readSigningKeyFile(dataDir), keys);
});

test('without the data directory nothing is made', (t) => {
  const dataDir = join(temporaryDirectory(t), 'missing');
  assert.throws(() => changeSigningKeyFile(dataDir, () => keys), {
    name: 'KeyRefusal',
    message: /there is no such data directory/,
  });
  assert.equal(existsSync(dataDir), false);
  assert.equal(readSigningKeyFile(dataDir), undefined);
});

test('a file written by hand needs no more than states and secrets, in any order', (t) => {
  const dataDir = temporaryDirectory(t);
  write(dataDir, [
    { state: 'verifying', secret: other },
    { state: 'prepared', from: 'admin secret' },
    { state: 'signing', secret },
  ]);
  const read = readSigningKeyFile(dataDir);
  assert.deepEqual(read, [
    { kid: keyID(secret), state: 'signing', secret },
    { kid: keyID(other), state: 'verifying', secret: other },
    { from: 'admin secret', state: 'prepared' },
  ]);
  assert.deepEqual(
    secretsOf(read, () => ['derived', 'bare']),
    [secret, other, 'derived', 'bare'],
  );
});

const signing = { state: 'signing', secret };
const broken: Readonly<Record<string, { content: unknown; says: RegExp }>> = {
  'not JSON': { content: `[{"state":"signing","secret":"${secret}"`, says: /must hold one JSON list/ },
  empty: { content: '', says: /must hold one JSON list/ },
  'an object': { content: { signing }, says: /must hold one JSON list/ },
  'no key': { content: [], says: /one key must be signing/ },
  'no signing key': { content: [{ ...signing, state: 'verifying' }], says: /one key must be signing/ },
  'two signing keys': { content: [signing, { ...signing, secret: other }], says: /one key must be signing/ },
  'a text among the keys': { content: [signing, secret], says: /key 2: must be a JSON object/ },
  'null among the keys': { content: [signing, null], says: /key 2: must be a JSON object/ },
  'an unknown state': { content: [{ ...signing, state: 'retired' }], says: /key 1: state must be/ },
  'no state': { content: [{ secret }], says: /key 1: state must be/ },
  'no secret': { content: [{ state: 'signing' }], says: /key 1: secret must be/ },
  'a short secret': { content: [{ ...signing, secret: 'openIM123' }], says: /key 1: secret must be/ },
  'a secret of another type': { content: [{ ...signing, secret: 7 }], says: /key 1: secret must be/ },
  'an unknown origin': { content: [{ state: 'signing', from: 'vault' }], says: /key 1: needs a secret/ },
  'both secrets': { content: [{ ...signing, from: 'admin secret' }], says: /key 1: needs a secret/ },
  'the kid of another key': { content: [{ ...signing, kid: keyID(other) }], says: /key 1: kid is not that/ },
  'a time as text': { content: [{ ...signing, since: '2030-01-01' }], says: /key 1: since must be a time/ },
  'a key twice': { content: [signing, { ...signing, state: 'verifying' }], says: /has a key twice/ },
};
for (const [name, { content, says }] of Object.entries(broken)) {
  test(`T6 a file with ${name} is refused by name, and nothing of it repeated`, (t) => {
    const dataDir = temporaryDirectory(t);
    write(dataDir, content);
    assert.throws(
      () => readSigningKeyFile(dataDir),
      (error) =>
        error instanceof Error &&
        error.name === 'ConfigError' &&
        error.message.startsWith(join(dataDir, 'signing-keys.json')) &&
        says.test(error.message) &&
        !error.message.includes(secret.slice(0, 8)),
    );
  });
}

test('a file that cannot be read is refused', (t) => {
  const dataDir = temporaryDirectory(t);
  mkdirSync(join(dataDir, 'signing-keys.json'));
  assert.throws(() => readSigningKeyFile(dataDir), { name: 'ConfigError', message: /cannot be read \(EISDIR\)/ });
});

test('the admin secret is nowhere in the file', (t) => {
  const dataDir = temporaryDirectory(t);
  changeSigningKeyFile(dataDir, () => keys);
  assert.deepEqual(JSON.parse(readFileSync(join(dataDir, 'signing-keys.json'), 'utf8'))[1], keys[1]);
});

function write(dataDir: string, content: unknown): void {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(dataDir, 'signing-keys.json'), text, { mode: 0o600 });
}

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tessera-keys-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}
