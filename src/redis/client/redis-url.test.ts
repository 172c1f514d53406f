import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, loadConfig } from '../../config/config.ts';
import { StoreUrlError } from '../../kernel/store-url.ts';
import { formatAddress, parseRedisUrl } from './redis-url.ts';

const nobody = { username: undefined, password: undefined };
const single = {
  kind: 'single',
  usesTls: false,
  credentials: nobody,
  address: { host: 'h', port: 6379 },
  database: 0,
} as const;

const accepted: Record<string, unknown> = {
  'redis://h': single,
  'redis://h/': single,
  'rediss://h': { ...single, usesTls: true },
  'redis://h:7000/12': { ...single, address: { host: 'h', port: 7000 }, database: 12 },
  'redis://[::1]:7000': { ...single, address: { host: '::1', port: 7000 } },
  'redis://[::1]': { ...single, address: { host: '::1', port: 6379 } },
  'redis://:pw@h': { ...single, credentials: { username: undefined, password: 'pw' } },
  'redis://me:pw@h': { ...single, credentials: { username: 'me', password: 'pw' } },
  'redis://me:p:w@h': { ...single, credentials: { username: 'me', password: 'p:w' } },
  'redis://me:p@w@h': { ...single, credentials: { username: 'me', password: 'p@w' } },
  'redis://me:%23%2F%3F%40%25%20@h': { ...single, credentials: { username: 'me', password: '#/?@% ' } },
  'redis://me:p%C3%A4ß@h': { ...single, credentials: { username: 'me', password: 'päß' } },
  'redis+sentinel://a:1,b,[::1]:2/mymaster': {
    kind: 'sentinel',
    usesTls: false,
    credentials: nobody,
    sentinels: [
      { host: 'a', port: 1 },
      { host: 'b', port: 26_379 },
      { host: '::1', port: 2 },
    ],
    sentinelCredentials: nobody,
    masterName: 'mymaster',
    database: 0,
  },
  'rediss+sentinel://me:pw@a/my%20master/3?sentinelUsername=s&sentinelPassword=a%26b=c': {
    kind: 'sentinel',
    usesTls: true,
    credentials: { username: 'me', password: 'pw' },
    sentinels: [{ host: 'a', port: 26_379 }],
    sentinelCredentials: { username: 's', password: 'a&b=c' },
    masterName: 'my master',
    database: 3,
  },
  'redis+cluster://:pw@a:1,b': {
    kind: 'cluster',
    usesTls: false,
    credentials: { username: undefined, password: 'pw' },
    seeds: [
      { host: 'a', port: 1 },
      { host: 'b', port: 6379 },
    ],
  },
  'rediss+cluster://a/0': {
    kind: 'cluster',
    usesTls: true,
    credentials: nobody,
    seeds: [{ host: 'a', port: 6379 }],
  },
};

for (const [url, target] of Object.entries(accepted)) {
  test(`${url} is understood`, () => assert.deepEqual(parseRedisUrl(url), target));
}

/** Where there could be a secret, it contains hush. */
const refused: Record<string, RegExp> = {
  '': /start with redis:/,
  hush: /start with redis:/,
  'http://hush': /start with redis:/,
  'REDIS://hush': /start with redis:/,
  'redis+hush://h': /start with redis:/,
  'redis+sentinels://h/hush': /start with redis:/,
  'redis:/hush': /start with redis:/,
  'redis://': /host or host:port/,
  'redis://:hush@': /host or host:port/,
  'redis://h:': /host or host:port/,
  'redis://h:hush': /host or host:port/,
  'redis://h:0': /ports from 1 to 65535/,
  'redis://h:65536': /ports from 1 to 65535/,
  'redis://h:99999999999': /host or host:port/,
  'redis://::1': /host or host:port/,
  'redis://[hush]': /IPv6/,
  'redis://[::1': /host or host:port/,
  'redis://[::1]hush': /host or host:port/,
  'redis://a b/hush': /no spaces/,
  'redis://me:hush hush@h': /no spaces/,
  'redis://me:hush\r\nFLUSHALL@h': /no spaces/,
  'redis://me:hush\0@h': /no spaces/,
  'redis://me:hush#@h': /no #/,
  'redis://me:hush/hush@h': /no @ behind the host.*%2F/,
  'redis://me:hush?hush@h': /no @ behind the host.*%3F/,
  'redis://me:hush%@h': /% in a name or a password/,
  'redis://me:hush%ff@h': /% in a name or a password/,
  'redis://hush@h': /a password with the user/,
  'redis://hush:@h': /a password with the user/,
  'redis://h/hush': /number of a database/,
  'redis://h/1/hush': /number of a database/,
  'redis://h/-1': /number of a database/,
  'redis://h/999999': /number of a database/,
  'redis://h?hush=1': /no parameters/,
  'redis://a,b': /one server/,
  'redis+sentinel://a:1': /name the master/,
  'redis+sentinel://a:1/?sentinelPassword=hush': /name the master/,
  'redis+sentinel://a,,b/hush': /host or host:port/,
  'redis+sentinel:///hush': /host or host:port/,
  'redis+sentinel://a/hush/0/1': /number of a database/,
  'redis+sentinel://a/m?hush=1': /no parameters but/,
  'redis+sentinel://a/m?__proto__=hush': /no parameters but/,
  'redis+sentinel://a/m?sentinelUsername=hush': /a password with the user/,
  'redis+sentinel://a/m?sentinelPassword=hush%zz': /% in a name or a password/,
  'redis+cluster://a/1': /no database/,
  'redis+cluster://a?hush': /no parameters/,
  'redis+cluster://a;hush': /host or host:port/,
};

for (const [url, message] of Object.entries(refused)) {
  test(`T6: ${JSON.stringify(url)} is refused, and nothing of it repeated`, () => {
    const isRefusal = (error: unknown) =>
      error instanceof StoreUrlError && message.test(error.message) && !error.message.includes('hush');
    assert.throws(() => parseRedisUrl(url), isRefusal);
    if (url === '') return;
    const isNamed = (error: unknown) =>
      error instanceof ConfigError &&
      error.message.startsWith('TESSERA_REDIS_URL: must ') &&
      !error.message.includes('hush');
    assert.throws(() => loadConfig({ environment: { TESSERA_REDIS_URL: url } }), isNamed);
  });
}

test('a long URL of nothing is refused at once', () => {
  for (const part of ['a,', ':', '@', '[', '%41', '/']) {
    assert.throws(() => parseRedisUrl(`redis+sentinel://${part.repeat(200_000)}`), StoreUrlError);
  }
});

test('every form is accepted by the configuration', () => {
  for (const url of Object.keys(accepted)) {
    assert.equal(loadConfig({ environment: { TESSERA_REDIS_URL: url } }).redisUrl, url);
  }
});

test('an address is written as people write it', () => {
  assert.deepEqual(
    [
      { host: 'h', port: 1 },
      { host: '::1', port: 2 },
    ].map(formatAddress),
    ['h:1', '[::1]:2'],
  );
});
