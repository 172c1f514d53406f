import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Config, loadConfig } from './config.ts';
import { type SharedSettings, settingsThatDiffer, sharedSettings } from './shared-settings.ts';

const adminSecret = 'a secret that no digest may tell';
const told = (environment: Record<string, string>, secret = adminSecret, kids = ['k1']): SharedSettings =>
  sharedSettings(loadConfig({ environment }), { adminSecret: secret }, () => kids)();
const differing = (...nodes: readonly SharedSettings[]) =>
  Object.fromEntries(
    Array.from(settingsThatDiffer(nodes.map((settings, at) => ({ at, settings }))), ([subject, others]) => [
      subject,
      others.map(({ at }) => at),
    ]),
  );

test('nodes that differ only in what is their own have the same digests', () => {
  const own = { TESSERA_API_PORT: '1', TESSERA_DATA_DIR: '/x', TESSERA_LOG_LEVEL: 'debug', TESSERA_WORKERS: '1' };
  assert.deepEqual(told(own), told({}));
  assert.deepEqual(told({ TESSERA_TOKEN_TTL: '24h' }), told({ TESSERA_TOKEN_TTL: '1d' }), 'however it is written');
  assert.deepEqual(differing(told(own), told({})), {});
});

for (const [subject, environment] of [
  ['tokens', { TESSERA_LOGIN_POLICY: 'keep-all' }],
  ['tokens', { TESSERA_TOKEN_TTL: '1d' }],
  ['tokens', { TESSERA_TOKENS_WHEN_STORE_DOWN: 'accept-signed' }],
  ['tokens', { TESSERA_OAUTH_CLIENTS: 'gateway:another long secret' }],
  ['push', { TESSERA_PUSH_BY_PLATFORM: 'IOS=apns' }],
  ['push', { TESSERA_JPUSH_URL: 'https://push.example.org' }],
  ['webhooks', { TESSERA_WEBHOOKS_SECRET: 'another secret' }],
  ['files', { TESSERA_S3_BUCKET: 'other' }],
  ['limits', { TESSERA_MAX_NICKNAME_BYTES: '99' }],
  ['others', { TESSERA_FRIEND_VERIFY: 'true' }],
] as const) {
  test(`who differs from most is named: ${subject}, by ${Object.keys(environment)}`, () => {
    assert.deepEqual(differing(told({}), told(environment), told({})), { [subject]: [1] });
  });
}

test('of a file its text counts, as it was at the start', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'tessera-shared-'));
  t.after(() => rm(dir, { recursive: true }));
  const node = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return told({ TESSERA_WEBHOOKS_FILE: join(dir, name) });
  };
  const [a, b, c] = [node('a', 'url: x'), node('b', 'url: x'), node('a', 'url: y')];
  assert.deepEqual(differing(a, b, c), { webhooks: [2] });
});

test('of other secrets or keys nothing else is said, as nothing else can be compared', () => {
  assert.deepEqual(differing(told({}), told({}), told({}, 'another')), { secrets: [2] });
  assert.deepEqual(differing(told({}), told({}), told({}, adminSecret, ['k2'])), { secrets: [2] });
});

test('T6 six digits under a key: neither a secret nor what could be guessed by', () => {
  for (const digest of Object.values(told({}))) assert.match(digest, /^[\da-f]{6}$/);
});

test('who says nothing, or not of everything, does not differ; a setting of the run changes what is said', () => {
  const { push: _push, ...less } = told({});
  assert.deepEqual(differing(told({}), less, {}), {});
  const config: Config = { ...loadConfig({ environment: {} }) };
  const now = sharedSettings(config, { adminSecret }, () => ['k1']);
  const before = now();
  Object.assign(config, { friendVerify: true });
  assert.deepEqual(differing(before, before, now()), { others: [2] });
});
