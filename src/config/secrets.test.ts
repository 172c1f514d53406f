/** Where the signing keys come from; the admin secret itself is in config.test.ts. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Config, loadConfig } from './config.ts';
import { findAdminSecret, findSigningKeys, loadSecrets } from './secrets.ts';

const [inFile, inFileToo] = ['a'.repeat(43), 'b'.repeat(43)];

test('without a setting and without a file the admin secret signs, as with OpenIM', (t) => {
  const { signingKeys, signingKeySource } = loadSecrets(configured(t));
  assert.deepEqual([signingKeys, signingKeySource], [['the-secret'], 'admin secret']);
});

test('the file decides if there is one, and may refer to the admin secret', (t) => {
  const config = configured(t);
  writeKeys(config, [
    { state: 'verifying', from: 'admin secret' },
    { state: 'prepared', secret: inFileToo },
    { state: 'signing', secret: inFile },
  ]);
  const { signingKeys, signingKeySource } = loadSecrets(config);
  assert.deepEqual([signingKeys, signingKeySource], [[inFile, 'the-secret', inFileToo], 'file']);
});

test('the setting wins over the file', (t) => {
  const config = configured(t, { TESSERA_SIGNING_KEYS: 'new-key-1,old-key-1' });
  writeKeys(config, [{ state: 'signing', secret: inFile }]);
  const { signingKeys, signingKeySource } = loadSecrets(config);
  assert.deepEqual([signingKeys, signingKeySource], [['new-key-1', 'old-key-1'], 'setting']);
});

test('a start with a broken file is refused: other keys would log everybody out', (t) => {
  const config = configured(t);
  writeKeys(config, []);
  assert.throws(() => loadSecrets(config), { name: 'ConfigError', message: /signing-keys\.json/ });
});

test('finding the admin secret makes none', (t) => {
  const config = configured(t, { TESSERA_SECRET: '' });
  assert.equal(findAdminSecret(config), undefined);
  assert.equal(existsSync(join(config.dataDir, 'secret')), false);
  const { adminSecret } = loadSecrets(config);
  assert.equal(findAdminSecret(config), adminSecret);
  assert.equal(findAdminSecret(configured(t)), 'the-secret');
});

test('finding the keys makes nothing, wherever they come from', (t) => {
  const unset = configured(t, { TESSERA_SECRET: '' });
  assert.equal(findSigningKeys(unset), undefined);
  assert.deepEqual(readdirSync(unset.dataDir), []);
  assert.equal(findSigningKeys({ ...unset, dataDir: join(unset.dataDir, 'missing') }), undefined);

  const set = configured(t, { TESSERA_SECRET: '', TESSERA_SIGNING_KEYS: 'new-key-1,old-key-1' });
  assert.deepEqual(findSigningKeys(set), ['new-key-1', 'old-key-1']);
  assert.deepEqual(readdirSync(set.dataDir), []);

  const { signingKeys } = loadSecrets(unset);
  assert.deepEqual(findSigningKeys(unset), signingKeys);
});

test('a file that refers to an admin secret which is not here is found without it', (t) => {
  const config = configured(t, { TESSERA_SECRET: '' });
  writeKeys(config, [
    { state: 'signing', from: 'admin secret' },
    { state: 'verifying', secret: inFile },
  ]);
  assert.deepEqual(findSigningKeys(config), [inFile]);
  assert.deepEqual(readdirSync(config.dataDir), ['signing-keys.json']);
  assert.deepEqual(findSigningKeys({ ...config, secret: 'the-secret' }), ['the-secret', inFile]);
});

const unusable: Readonly<Record<string, RegExp>> = {
  openIM123: /secret: is OpenIM's published default/,
  '1234567\n': /secret: must be at least 8 characters$/,
  ' \n': /secret: is empty/,
};
for (const [kept, message] of Object.entries(unusable)) {
  test(`a kept secret ${JSON.stringify(kept)} is refused like a setting`, (t) => {
    const config = configured(t, { TESSERA_SECRET: '' });
    writeFileSync(join(config.dataDir, 'secret'), kept);
    for (const use of [loadSecrets, findAdminSecret, findSigningKeys]) {
      assert.throws(() => use(config), { name: 'ConfigError', message });
    }
  });
}

test('in development the published default may be kept too', (t) => {
  const config = configured(t, { TESSERA_SECRET: '', TESSERA_DEV: 'true' });
  writeFileSync(join(config.dataDir, 'secret'), 'openIM123\n');
  assert.equal(loadSecrets(config).adminSecret, 'openIM123');
});

test('a kept secret that cannot be read is named', (t) => {
  const config = configured(t, { TESSERA_SECRET: '' });
  mkdirSync(join(config.dataDir, 'secret'));
  assert.throws(() => findAdminSecret(config), { name: 'ConfigError', message: /secret: cannot be read \(EISDIR\)$/ });
});

function configured(t: TestContext, settings: Record<string, string> = {}): Config {
  const dataDir = mkdtempSync(join(tmpdir(), 'tessera-secrets-'));
  t.after(() => rmSync(dataDir, { recursive: true }));
  return loadConfig({ environment: { TESSERA_DATA_DIR: dataDir, TESSERA_SECRET: 'the-secret', ...settings } });
}

function writeKeys({ dataDir }: Config, keys: readonly object[]): void {
  writeFileSync(join(dataDir, 'signing-keys.json'), JSON.stringify(keys), { mode: 0o600 });
}
