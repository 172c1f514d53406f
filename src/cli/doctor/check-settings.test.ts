import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../config/config.ts';
import { checkSettings } from './check-settings.ts';

const goodSecret = 'a-secret-of-more-than-thirty-two-bytes';

function findings(settings: Record<string, string>) {
  return checkSettings(loadConfig({ environment: { TESSERA_SECRET: goodSecret, ...settings } }));
}

test('where clients may come through a proxy that nobody has named, that is advised', () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'im.example']) {
    const [advice, ...more] = findings({ TESSERA_HOST: host }).filter(({ severity }) => severity !== 'ok');
    assert.deepEqual([advice?.severity, advice?.subject, more], ['advice', 'TESSERA_TRUSTED_PROXIES', []]);
    assert.match(advice?.text ?? '', /throttled as one/);
  }
});

test('a server that only this machine reaches, or that knows its proxies, is all right', () => {
  for (const settings of [
    { TESSERA_HOST: '127.0.0.1' },
    { TESSERA_HOST: '::1' },
    { TESSERA_HOST: 'localhost' },
    { TESSERA_HOST: '0.0.0.0', TESSERA_TRUSTED_PROXIES: '10.0.0.0/8' },
  ]) {
    assert.deepEqual(new Set(findings(settings).map(({ severity }) => severity)), new Set(['ok']));
  }
});

test('a kept secret with which the server would not start is a finding, not a crash', (t) => {
  const dataDir = temporaryDirectory(t);
  writeFileSync(join(dataDir, 'secret'), 'openIM123');
  const [secret] = findings({ TESSERA_SECRET: '', TESSERA_DATA_DIR: dataDir });
  assert.deepEqual([secret?.severity, secret?.subject], ['problem', 'TESSERA_SECRET']);
  assert.match(secret?.text ?? '', /published default/);
});

test('a secret that can be guessed is a problem, a doubtful one advice, also in development', () => {
  const verdicts = ['x', '123456', 'openIM123', 'hX9!kd2Q', goodSecret].map((TESSERA_SECRET) => {
    const [secret] = findings({ TESSERA_SECRET, TESSERA_DEV: 'true' });
    return secret?.severity;
  });
  assert.deepEqual(verdicts, ['problem', 'problem', 'problem', 'advice', 'ok']);
});

test('a signing key that can be guessed is a problem where it signs, and advice where it only verifies', () => {
  const verdictOf = (TESSERA_SIGNING_KEYS: string) =>
    findings({ TESSERA_SIGNING_KEYS, TESSERA_DEV: 'true' }).find(({ subject }) => subject === 'TESSERA_SIGNING_KEYS')
      ?.severity;
  assert.deepEqual([verdictOf(`password1,${goodSecret}`), verdictOf(`${goodSecret},password1`)], ['problem', 'advice']);
  assert.equal(verdictOf(goodSecret), 'ok');
});

function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'tessera-settings-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}
