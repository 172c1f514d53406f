/** Where the signing keys come from; the admin secret itself is in config.test.ts. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { derivedKey } from './admin-keys.ts';
import { type Config, loadConfig } from './config.ts';
import { findAdminSecret, findSigningKeys, loadSecrets } from './secrets.ts';

const theSecret = 'what the tests ask for';
const derivedAndBare = [derivedKey(theSecret), theSecret] as const;
const [inFile, inFileToo] = ['a'.repeat(43), 'b'.repeat(43)];

test('without a setting and without a file a key derived from the admin secret signs, and the secret verifies', (t) => {
  const { signingKeys, signingKeySource, needingStore } = loadSecrets(configured(t));
  assert.deepEqual([signingKeys, signingKeySource], [derivedAndBare, 'admin secret']);
  assert.deepEqual(needingStore, [theSecret]);
});

test('for OpenIM’s servers, which know one key, the admin secret itself signs', (t) => {
  const settings = { TESSERA_OPENIM_TOKENS: 'mirror', TESSERA_REDIS_URL: 'redis://127.0.0.1' };
  assert.deepEqual(loadSecrets(configured(t, settings)).signingKeys, derivedAndBare.toReversed());
  const read = { ...settings, TESSERA_OPENIM_TOKENS: 'read' };
  assert.deepEqual(loadSecrets(configured(t, read)).signingKeys, derivedAndBare);
});

test('an admin secret that is named among the signing keys signs nothing either', (t) => {
  const { signingKeys } = loadSecrets(configured(t, { TESSERA_SIGNING_KEYS: `${theSecret},a key from before` }));
  assert.deepEqual(signingKeys, [...derivedAndBare, 'a key from before']);
});

test('every start and every node derives the same key, which is of 256 bits and does not hold the secret', () => {
  const [derived] = derivedAndBare;
  assert.equal(derived, derivedKey(theSecret));
  assert.equal(Buffer.from(derived, 'base64url').length, 32);
  assert.notEqual(derived, derivedKey(`${theSecret} `));
  assert.ok(!derived.includes(theSecret));
});

test('the file decides if there is one, and may refer to the admin secret', (t) => {
  const config = configured(t);
  writeKeys(config, [
    { state: 'verifying', from: 'admin secret' },
    { state: 'prepared', secret: inFileToo },
    { state: 'signing', secret: inFile },
  ]);
  const { signingKeys, signingKeySource } = loadSecrets(config);
  assert.deepEqual([signingKeys, signingKeySource], [[inFile, ...derivedAndBare, inFileToo], 'file']);
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
  assert.equal(findAdminSecret(configured(t)), theSecret);
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
  assert.deepEqual(findSigningKeys({ ...config, secret: theSecret }), [...derivedAndBare, inFile]);
});

const unusable: Readonly<Record<string, RegExp>> = {
  openIM123: /secret: is OpenIM's published default/,
  '1234567\n': /secret: must be at least 8 characters; make a random one/,
  'password\n': /secret: is easily guessed: about 2\^8 tries find it; make a random one/,
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

for (const secret of ['openIM123', '123456', 'x']) {
  test(`in development ${secret} may be kept or set too, with a warning that says what it means`, (t) => {
    const kept = configured(t, { TESSERA_SECRET: '', TESSERA_DEV: 'true' });
    writeFileSync(join(kept.dataDir, 'secret'), `${secret}\n`);
    const set = configured(t, { TESSERA_SECRET: secret, TESSERA_SIGNING_KEYS: secret, TESSERA_DEV: 'true' });
    for (const { adminSecret, warnings } of [loadSecrets(kept), loadSecrets(set)]) {
      assert.equal(adminSecret, secret);
      assert.match(warnings[0] ?? '', /^the admin secret \(.*\), which makes anybody an admin, .*openssl rand/);
      assert.ok(secret === 'x' || !warnings.join().includes(secret));
    }
  });
}

test('a doubtful secret is warned of, a good one is not, and one from before may go on verifying', (t) => {
  assert.deepEqual(loadSecrets(configured(t, { TESSERA_SECRET: '' })).warnings, []);
  const settings = { TESSERA_SECRET: 'hX9!kd2Q', TESSERA_SIGNING_KEYS: `${derivedAndBare[0]},password1` };
  const { warnings, needingStore } = loadSecrets(configured(t, settings));
  assert.match(warnings[0] ?? '', /^the admin secret \(TESSERA_SECRET\), .* may be guessed: about 2\^53 tries/);
  assert.match(warnings[1] ?? '', /^one of TESSERA_SIGNING_KEYS is easily guessed/);
  assert.deepEqual([warnings.length, needingStore], [2, ['hX9!kd2Q', 'password1']]);
});

test('a kept secret that cannot be read is named', (t) => {
  const config = configured(t, { TESSERA_SECRET: '' });
  mkdirSync(join(config.dataDir, 'secret'));
  assert.throws(() => findAdminSecret(config), { name: 'ConfigError', message: /secret: cannot be read \(EISDIR\)$/ });
});

function configured(t: TestContext, settings: Record<string, string> = {}): Config {
  const dataDir = mkdtempSync(join(tmpdir(), 'tessera-secrets-'));
  t.after(() => rmSync(dataDir, { recursive: true }));
  return loadConfig({ environment: { TESSERA_DATA_DIR: dataDir, TESSERA_SECRET: theSecret, ...settings } });
}

function writeKeys({ dataDir }: Config, keys: readonly object[]): void {
  writeFileSync(join(dataDir, 'signing-keys.json'), JSON.stringify(keys), { mode: 0o600 });
}
