/** Where the signing keys come from; the admin secret itself is in config.test.ts. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Config, loadConfig } from './config.ts';
import { findAdminSecret, loadSecrets } from './secrets.ts';

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

function configured(t: TestContext, settings: Record<string, string> = {}): Config {
  const dataDir = mkdtempSync(join(tmpdir(), 'tessera-secrets-'));
  t.after(() => rmSync(dataDir, { recursive: true }));
  return loadConfig({ environment: { TESSERA_DATA_DIR: dataDir, TESSERA_SECRET: 'the-secret', ...settings } });
}

function writeKeys({ dataDir }: Config, keys: readonly object[]): void {
  writeFileSync(join(dataDir, 'signing-keys.json'), JSON.stringify(keys), { mode: 0o600 });
}
