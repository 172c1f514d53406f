import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { longestTokenLifeMs } from '../protocol/numbers/token-life.ts';
import { derivedKey } from './admin-keys.ts';
import { ConfigError, type ConfigSources, load, loadConfig, secretsSet, settingsFile } from './config.ts';
import { limits, widerLimits } from './limits.ts';
import { optionInfos } from './options.ts';
import { loadSecrets } from './secrets.ts';

test('defaults are those of the design', () => {
  const config = loadConfig({});
  assert.partialDeepStrictEqual(config, {
    host: '127.0.0.1',
    apiPort: 10_002,
    wsPort: 10_001,
    dataDir: './data',
    adminUserIDs: ['imAdmin'],
    tokenTtlMs: 90 * 86_400_000,
    loginPolicy: 1,
    maxTokensPerPlatform: 30,
    maxTokenTtlMs: 365 * 86_400_000,
    sessionTtlMs: 730 * 86_400_000,
    tokensWhenStoreDown: 'reject',
    openimTokens: 'off',
    revokeWithinMs: 0,
    retainMessagesMs: 0,
    retentionSchedule: '*/10 * * * *',
    retainTokenEventsMs: 0,
    jobTimeZone: 'UTC',
    editWithinMs: 0,
  });
  assert.equal(config.tokenTtlByPlatformMs.size, 0);
  assert.equal(config.oauthClients.size, 0);
});

test('0 is a duration only where it has a meaning of its own', () => {
  assert.equal(loadConfig(env({ TESSERA_REVOKE_WITHIN: '0' })).revokeWithinMs, 0);
  assert.equal(loadConfig(env({ TESSERA_REVOKE_WITHIN: '2m' })).revokeWithinMs, 120_000);
  assert.throws(() => loadConfig(env({ TESSERA_TOKEN_TTL: '0' })), /TESSERA_TOKEN_TTL: must be a duration/);
  assert.throws(
    () => loadConfig(env({ TESSERA_REVOKE_WITHIN: '5' })),
    /TESSERA_REVOKE_WITHIN: must be 0, or a duration/,
  );
});

test('the settings of tokens come to mean something', () => {
  const config = loadConfig(
    env({
      TESSERA_TOKEN_TTL_BY_PLATFORM: 'Web=12h,IOS=30d',
      TESSERA_MAX_TOKEN_TTL: '100d',
      TESSERA_LOGIN_POLICY: 'custom',
      TESSERA_LOGIN_POLICY_TABLE: 'Mobile+HarmonyOS=1,PC=2',
      TESSERA_TOKENS_WHEN_STORE_DOWN: 'accept-signed',
      TESSERA_STORE_DOWN_GRACE: '90s',
      TESSERA_OAUTH_CLIENTS: 'api:a-secret:of-it',
    }),
  );
  assert.partialDeepStrictEqual(config, {
    tokenTtlByPlatformMs: new Map([
      [5, 12 * 3_600_000],
      [1, 30 * 86_400_000],
    ]),
    maxTokenTtlMs: 100 * 86_400_000,
    loginPolicy: 'custom',
    loginPolicyTable: [
      { platforms: [1, 2, 11], size: 1 },
      { platforms: [3, 4, 7], size: 2 },
    ],
    tokensWhenStoreDown: 'accept-signed',
    storeDownGraceMs: 90_000,
    oauthClients: new Map([['api', 'a-secret:of-it']]),
  });
});

test('a login policy is named by its number or its name, in the file as a number too', (t) => {
  const policyOf = (sources: ConfigSources) => loadConfig(sources).loginPolicy;
  assert.deepEqual(
    [
      policyOf(env({ TESSERA_LOGIN_POLICY: '4' })),
      policyOf(env({ TESSERA_LOGIN_POLICY: 'one-per-class' })),
      policyOf({ file: configFile(t, { loginPolicy: 0 }) }),
      policyOf({ file: configFile(t, { loginPolicy: 'keep-all' }) }),
    ],
    [4, 'one-per-class', 0, 'keep-all'],
  );
});

test('a flag wins over the environment, that over the file, that over the default', (t) => {
  const file = configFile(t, { apiPort: 1, wsPort: 1, host: 'file', adminUserIDs: ['root'] });
  const environment = { TESSERA_API_PORT: '2', TESSERA_WS_PORT: '2' };
  const config = loadConfig({ file, environment, flags: { 'api-port': '3' } });
  assert.deepEqual(
    [config.apiPort, config.wsPort, config.host, config.adminUserIDs, config.loginPolicy],
    [3, 2, 'file', ['root'], 1],
  );
});

test('trusted proxies are addresses and ranges', () => {
  const { trustedProxies } = loadConfig(env({ TESSERA_TRUSTED_PROXIES: '192.0.2.1, 10.0.0.0/8,fd00::/8,::1' }));
  assert.deepEqual(trustedProxies, ['192.0.2.1', '10.0.0.0/8', 'fd00::/8', '::1']);
});

test('text becomes the type of its setting', () => {
  const { loginPolicy, adminUserIDs, tokenTtlMs, dev } = loadConfig({
    environment: {
      TESSERA_LOGIN_POLICY: '5',
      TESSERA_ADMIN_USER_IDS: 'root, second',
      TESSERA_TOKEN_TTL: '1500ms',
      TESSERA_DEV: 'true',
    },
  });
  assert.deepEqual([loginPolicy, adminUserIDs, tokenTtlMs, dev], [5, ['root', 'second'], 1500, true]);
});

const refused: { name: string; sources: (t: TestContext) => ConfigSources; message: RegExp }[] = [
  {
    name: 'an unknown variable',
    sources: () => env({ TESSERA_API_PROT: '1' }),
    message: /^unknown variable TESSERA_API_PROT$/,
  },
  {
    name: 'an unknown key of the file',
    sources: (t) => ({ file: configFile(t, { port: 1 }) }),
    message: /unknown key port$/,
  },
  { name: 'an unknown flag', sources: () => ({ flags: { port: '1' } }), message: /^unknown flag --port$/ },
  {
    name: 'a port that is no number',
    sources: () => env({ TESSERA_API_PORT: '1e3' }),
    message: /^TESSERA_API_PORT: must be a whole number/,
  },
  {
    name: 'a port out of range',
    sources: () => env({ TESSERA_API_PORT: '65536' }),
    message: /^TESSERA_API_PORT: must be a whole number from 0 to 65535$/,
  },
  {
    name: 'a policy that does not exist',
    sources: () => env({ TESSERA_LOGIN_POLICY: '2' }),
    message: /must be one of 0, 1, 4, 5, keep-all, one-per-platform, one-per-class, pc-and-one-other, custom$/,
  },
  {
    name: 'a custom policy without a table',
    sources: () => env({ TESSERA_LOGIN_POLICY: 'custom' }),
    message: /^TESSERA_LOGIN_POLICY_TABLE: belongs to TESSERA_LOGIN_POLICY=custom/,
  },
  {
    name: 'a table without the custom policy, which would do nothing',
    sources: () => env({ TESSERA_LOGIN_POLICY_TABLE: 'Mobile=1' }),
    message: /^TESSERA_LOGIN_POLICY_TABLE: belongs to TESSERA_LOGIN_POLICY=custom/,
  },
  {
    name: 'a table of platforms that do not exist',
    sources: () => env({ TESSERA_LOGIN_POLICY: 'custom', TESSERA_LOGIN_POLICY_TABLE: 'Fridge=1' }),
    message: /^TESSERA_LOGIN_POLICY_TABLE: Fridge=1 must begin with platforms or classes/,
  },
  {
    name: 'a lifetime of a platform that does not exist',
    sources: () => env({ TESSERA_TOKEN_TTL_BY_PLATFORM: 'Fridge=1h' }),
    message: /^TESSERA_TOKEN_TTL_BY_PLATFORM: Fridge=1h must begin with one platform, by name or number/,
  },
  {
    name: 'a longest lifetime that is shorter than the usual one',
    sources: () => env({ TESSERA_MAX_TOKEN_TTL: '89d' }),
    message: /^TESSERA_MAX_TOKEN_TTL: must be no shorter than the lifetimes that are set$/,
  },
  {
    name: "a longest lifetime that is shorter than one platform's",
    sources: () => env({ TESSERA_TOKEN_TTL_BY_PLATFORM: 'Linux=366d' }),
    message: /^TESSERA_MAX_TOKEN_TTL/,
  },
  {
    name: 'anything else to do while the store is down',
    sources: () => env({ TESSERA_TOKENS_WHEN_STORE_DOWN: 'accept' }),
    message: /^TESSERA_TOKENS_WHEN_STORE_DOWN: must be one of reject, accept-signed$/,
  },
  {
    name: "OpenIM's tokens without a Redis",
    sources: () => env({ TESSERA_OPENIM_TOKENS: 'read' }),
    message: /^TESSERA_OPENIM_TOKENS: needs TESSERA_REDIS_URL/,
  },
  {
    name: 'an OAuth client without a secret',
    sources: () => env({ TESSERA_OAUTH_CLIENTS: 'api-gateway' }),
    message: /^TESSERA_OAUTH_CLIENTS: item 1 must be id:secret/,
  },
  {
    name: 'a duration without a unit',
    sources: () => env({ TESSERA_TOKEN_TTL: '90' }),
    message: /^TESSERA_TOKEN_TTL: must be a duration/,
  },
  {
    name: 'a lifetime below a second',
    sources: () => env({ TESSERA_TOKEN_TTL: '10ms' }),
    message: /^TESSERA_TOKEN_TTL: must be at least 1s$/,
  },
  ...['99999999d', '3651d', '87601h'].map((ttl) => ({
    name: `a token lifetime of ${ttl}`,
    sources: () => env({ TESSERA_TOKEN_TTL: ttl, TESSERA_MAX_TOKEN_TTL: '3650d' }),
    message: /^TESSERA_TOKEN_TTL: must be a duration such as 90d, 12h, 30m, 10s or 250ms, at most 3650d$/,
  })),
  {
    name: 'a longest lifetime that outlives cutoffs',
    sources: () => env({ TESSERA_MAX_TOKEN_TTL: '3651d' }),
    message: /^TESSERA_MAX_TOKEN_TTL: .*at most 3650d$/,
  },
  {
    name: "a platform's lifetime that outlives cutoffs",
    sources: () => env({ TESSERA_MAX_TOKEN_TTL: '3650d', TESSERA_TOKEN_TTL_BY_PLATFORM: 'Web=3651d' }),
    message: /^TESSERA_TOKEN_TTL_BY_PLATFORM: Web=3651d must end with a duration from 1s to 3650d/,
  },
  {
    name: 'a platform with two lifetimes',
    sources: () => env({ TESSERA_TOKEN_TTL_BY_PLATFORM: 'Web=12h,web=1h' }),
    message: /^TESSERA_TOKEN_TTL_BY_PLATFORM: web=1h names a platform that has a lifetime already$/,
  },
  {
    name: 'a shutdown that no timer can wait for',
    sources: () => env({ TESSERA_SHUTDOWN_TIMEOUT: '30d' }),
    message: /^TESSERA_SHUTDOWN_TIMEOUT: .*at most 24d$/,
  },
  {
    name: 'a grace of more than weeks',
    sources: () => env({ TESSERA_STORE_DOWN_GRACE: '25d' }),
    message: /^TESSERA_STORE_DOWN_GRACE: .*at most 24d$/,
  },
  { name: 'a duration of nothing', sources: () => env({ TESSERA_TOKEN_TTL: '0s' }), message: /^TESSERA_TOKEN_TTL/ },
  {
    name: 'a database that is not PostgreSQL',
    sources: () => env({ TESSERA_DATABASE_URL: 'mysql://x' }),
    message: /^TESSERA_DATABASE_URL/,
  },
  {
    name: 'an admin ID that cannot be registered',
    sources: () => env({ TESSERA_ADMIN_USER_IDS: 'a:b' }),
    message: /^TESSERA_ADMIN_USER_IDS: a user ID may have only letters, digits and _$/,
  },
  {
    name: 'an admin ID with a number that is no digit',
    sources: () => env({ TESSERA_ADMIN_USER_IDS: 'adm½' }),
    message: /^TESSERA_ADMIN_USER_IDS: a user ID may have only letters, digits and _$/,
  },
  {
    name: 'an admin ID that is too long to be registered',
    sources: () => env({ TESSERA_ADMIN_USER_IDS: 'a'.repeat(257) }),
    message: /^TESSERA_ADMIN_USER_IDS: a user ID is over 256 bytes$/,
  },
  {
    name: "the operator's account as an admin",
    sources: () => env({ TESSERA_ADMIN_USER_IDS: 'imAdmin,tesseraOperator' }),
    message: /^TESSERA_ADMIN_USER_IDS: tesseraOperator belongs to commands such as tessera token$/,
  },
  ...['10.0.0.0/33', '0.0.0.0/0', '10.0.0.0/8/8', 'fd00::/129', 'fe80::1%eth0', 'localhost', '10.0.0'].map((proxy) => ({
    name: `a trusted proxy ${proxy}`,
    sources: () => env({ TESSERA_TRUSTED_PROXIES: `192.0.2.1,${proxy}` }),
    message: /^TESSERA_TRUSTED_PROXIES: must be IP addresses/,
  })),
  { name: 'no admin', sources: () => env({ TESSERA_ADMIN_USER_IDS: '' }), message: /^TESSERA_ADMIN_USER_IDS/ },
  {
    name: 'a short secret',
    sources: () => env({ TESSERA_SECRET: '1234567' }),
    message: /^TESSERA_SECRET: must be at least 8/,
  },
  {
    name: 'an empty host',
    sources: () => env({ TESSERA_HOST: '' }),
    message: /^TESSERA_HOST: must be a text that is not empty$/,
  },
  {
    name: 'a named file that is missing',
    sources: () => ({ file: { path: '/nowhere/x.json', isRequired: true } }),
    message: /cannot be read \(ENOENT\)$/,
  },
  { name: 'a file that is not JSON', sources: (t) => ({ file: configFile(t, '{') }), message: /is not valid JSON$/ },
  {
    name: 'a number where the file must have a text',
    sources: (t) => ({ file: configFile(t, { host: 1 }) }),
    message: /host: must be a text/,
  },
];

for (const { name, sources, message } of refused) {
  test(`${name} is refused, and the key named`, (t) => {
    assert.throws(() => loadConfig(sources(t)), { name: 'ConfigError', message });
  });
}

test('all problems are told at once, and no value with them', () => {
  const sources = env({ TESSERA_API_PORT: 'a-secret-in-the-wrong-place', TESSERA_LOG_LEVEL: 'loud', TESSERA_X: '1' });
  assert.throws(
    () => loadConfig(sources),
    (error) =>
      error instanceof ConfigError && error.message.split('\n').length === 3 && !error.message.includes('a-secret'),
  );
});

test('T6: the effective configuration is printed without its secrets, as a file that means the same', (t) => {
  const sources = env({
    TESSERA_SECRET: 'hidden-secret-1',
    TESSERA_SIGNING_KEYS: 'hidden-signing-key-22,hidden-signing-key-33',
    TESSERA_REDIS_URL: 'redis://:hidden@h',
    TESSERA_OAUTH_CLIENTS: 'client:hidden-44',
    TESSERA_TOKEN_TTL_BY_PLATFORM: 'Web=1h',
    TESSERA_TOKEN_TTL: '36h',
    TESSERA_LOGIN_POLICY: '5',
    TESSERA_TRUSTED_PROXIES: '10.0.0.0/8,::1',
  });
  const { config, settings } = load(sources);
  const text = JSON.stringify(settingsFile(settings));
  assert.ok(!text.includes('hidden'));
  assert.deepEqual(secretsSet(settings), [
    'TESSERA_REDIS_URL',
    'TESSERA_SECRET',
    'TESSERA_SIGNING_KEYS',
    'TESSERA_OAUTH_CLIENTS',
  ]);

  const path = temporaryFile(t, text);
  const {
    TESSERA_SECRET = '',
    TESSERA_SIGNING_KEYS = '',
    TESSERA_REDIS_URL = '',
    TESSERA_OAUTH_CLIENTS = '',
  } = sources.environment ?? {};
  const secrets = { TESSERA_SECRET, TESSERA_SIGNING_KEYS, TESSERA_REDIS_URL, TESSERA_OAUTH_CLIENTS };
  const { origin, ...again } = loadConfig({ ...env(secrets), file: { path, isRequired: true } });
  const { origin: given, ...original } = config;
  assert.deepEqual([again, origin.settings], [original, given.settings]);
  assert.deepEqual(
    [given.sources.tokenTtl, given.sources.maxFriends, origin.sources.tokenTtl],
    ['environment', 'default', 'file'],
  );
});

test('a file with secrets that others may read is refused, except in development', (t) => {
  const secret = 'a-secret-of-more-than-thirty-two-bytes';
  const path = temporaryFile(t, JSON.stringify({ secret }));
  const file = { path, isRequired: true };
  const environmentFile = { path: temporaryFile(t, 'x'), names: ['TESSERA_SECRET'] };
  chmodSync(path, 0o644);
  assert.throws(() => loadConfig({ file }), { message: new RegExp(`^${path}: holds secrets.*0644.*chmod 600`) });
  assert.equal(loadConfig({ file, flags: { dev: true } }).secret, secret);
  chmodSync(path, 0o600);
  assert.equal(loadConfig({ file }).secret, secret);

  chmodSync(environmentFile.path, 0o640);
  assert.throws(() => loadConfig({ environment: { TESSERA_SECRET: secret }, environmentFile }), /holds secrets.*0640/);
  // Of the file come only settings that anybody may know.
  for (const [name, value] of [
    ['TESSERA_API_PORT', '1'],
    ['TESSERA_REDIS_URL', 'redis://127.0.0.1:6379/0'],
  ] as const) {
    const sources = { environment: { [name]: value }, environmentFile: { ...environmentFile, names: [name] } };
    assert.doesNotThrow(() => loadConfig(sources));
  }
  const withPassword = { TESSERA_DATABASE_URL: 'postgres://user:word@host/db' };
  const names = ['TESSERA_DATABASE_URL'];
  assert.throws(
    () => loadConfig({ environment: withPassword, environmentFile: { ...environmentFile, names } }),
    /holds secrets/,
  );
});

test('every setting has a variable, a flag and a description', () => {
  assert.equal(optionInfos.find(({ key }) => key === 'adminUserIDs')?.env, 'TESSERA_ADMIN_USER_IDS');
  for (const { env: variable, flag, description } of optionInfos) {
    assert.match(variable, /^TESSERA_[A-Z\d_]+$/);
    assert.match(flag, /^--[a-z\d-]+$/);
    assert.match(description, /\.$/);
  }
});

test('a first start makes a random secret that only its owner can read, and later starts keep it', (t) => {
  const dataDir = temporaryDirectory(t);
  const config = loadConfig(env({ TESSERA_DATA_DIR: dataDir }));
  const first = loadSecrets(config);
  assert.equal(first.generatedPath, join(dataDir, 'secret'));
  assert.equal(statSync(join(dataDir, 'secret')).mode & 0o777, 0o600);
  assert.equal(readFileSync(join(dataDir, 'secret'), 'utf8').trim(), first.adminSecret);
  assert.ok(first.adminSecret.length >= 43);
  const second = loadSecrets(config);
  assert.deepEqual([second.adminSecret, second.generatedPath], [first.adminSecret, undefined]);
  assert.deepEqual(second.signingKeys, [derivedKey(first.adminSecret), first.adminSecret]);
});

test('signing keys are apart from the admin secret when they are given', () => {
  const secrets = loadSecrets(
    loadConfig(env({ TESSERA_SECRET: 'what the tests ask for', TESSERA_SIGNING_KEYS: 'new-key-1,old-key-1' })),
  );
  assert.deepEqual([secrets.adminSecret, secrets.signingKeys], ['what the tests ask for', ['new-key-1', 'old-key-1']]);
});

test('the longest durations are taken as they are, and a timer can wait for them', () => {
  const config = loadConfig(
    env({
      TESSERA_TOKEN_TTL: '3650d',
      TESSERA_MAX_TOKEN_TTL: '3650d',
      TESSERA_TOKEN_TTL_BY_PLATFORM: 'Web=3650d',
      TESSERA_SHUTDOWN_TIMEOUT: '24d',
      TESSERA_STORE_DOWN_GRACE: '24d',
    }),
  );
  assert.deepEqual(
    [config.tokenTtlMs, config.maxTokenTtlMs, config.tokenTtlByPlatformMs.get(5)],
    Array(3).fill(longestTokenLifeMs),
  );
  assert.equal(config.storeDownGraceMs, config.shutdownTimeoutMs);
  assert.ok(config.shutdownTimeoutMs < 2 ** 31);
});

test("OpenIM's published secret is refused wherever a secret goes, except in development", () => {
  for (const settings of [
    { TESSERA_SECRET: 'openIM123' },
    { TESSERA_SIGNING_KEYS: 'a-good-key,openIM123' },
    { TESSERA_OAUTH_CLIENTS: 'a:a-good-secret,b:openIM123' },
  ]) {
    const message = new RegExp(`^${Object.keys(settings)[0]}: .*published default`);
    assert.throws(() => loadConfig(env(settings)), { name: 'ConfigError', message });
    loadConfig(env({ ...settings, TESSERA_DEV: 'true' }));
  }
});

test('a secret that is easily guessed is refused likewise, in words that do not hold it', () => {
  for (const secret of [
    'password',
    'P4ssw0rd!',
    '12345678',
    'aaaaaaaaaaaa',
    'qwertyuiop',
    'openim-secret',
    'Admin2026',
  ]) {
    for (const settings of [
      { TESSERA_SECRET: secret },
      { TESSERA_SIGNING_KEYS: `${secret},a key from before` },
      { TESSERA_OAUTH_CLIENTS: `a:${secret}` },
    ]) {
      assert.throws(
        () => loadConfig(env(settings)),
        ({ message }: Error) => /is easily guessed: .*openssl rand.*--dev/.test(message) && !message.includes(secret),
      );
      loadConfig(env({ ...settings, TESSERA_DEV: 'true' }));
    }
  }
  // One that has signed before goes on verifying, or all would be logged out.
  loadConfig(env({ TESSERA_SIGNING_KEYS: 'a key of good length,password1' }));
  for (const TESSERA_SECRET of ['123456', 'x']) loadConfig(env({ TESSERA_SECRET, TESSERA_DEV: 'true' }));
});

function env(environment: Record<string, string>): ConfigSources {
  return { environment };
}

function configFile(t: TestContext, content: unknown): { path: string; isRequired: boolean } {
  const path = join(temporaryDirectory(t), 'tessera.config.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return { path, isRequired: true };
}

function temporaryFile(t: TestContext, text: string): string {
  const path = join(temporaryDirectory(t), 'file');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tessera-config-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

for (const { wider, narrower, sizeOf = (bytes: number) => bytes } of widerLimits) {
  test(`${wider} must have room for ${narrower}: with a byte less the server does not start, and is told both`, () => {
    const narrowerBytes = Math.max(limits[narrower].default, limits[wider].minimum + 1);
    const room = sizeOf(narrowerBytes);
    const problemsWith = (bytes: number) => {
      const settings = { [envOf(narrower)]: String(narrowerBytes), [envOf(wider)]: String(bytes) };
      try {
        loadConfig(env(settings));
        return [];
      } catch (error) {
        assert.ok(error instanceof ConfigError);
        return error.message.split('\n');
      }
    };
    const told = `${envOf(wider)}: must be at least ${room} while ${envOf(narrower)} is ${narrowerBytes}`;
    assert.deepEqual(
      [room, room - 1].map((bytes) => problemsWith(bytes).includes(told)),
      [false, true],
    );
  });
}

function envOf(key: string): string {
  return optionInfos.find((info) => info.key === key)?.env ?? '';
}
