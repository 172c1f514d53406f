/** What the Redis client promises, on one server, under Sentinel and on a Cluster alike. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectRedis, type RedisClient, redisScript } from '../../src/redis/client/client.ts';
import { redisCommand } from '../support/services/redis-command.ts';
import { clusterForSuite, redisForSuite, sentinelForSuite } from '../support/test-services.ts';
import { connectForTest, testOnEveryRedis } from './support/every-redis.ts';

/** In different thirds of a Cluster. */
const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

testOnEveryRedis('a Redis client', async (t, { url, servers }) => {
  const redis = await connectForTest(t, url);
  const set = (key: string, value: string) => redis.command(key, ['SET', key, value]);

  await t.test('reads what was written, whichever server holds it', async () => {
    for (const key of keys) await set(key, `value of ${key}`);
    for (const key of keys) assert.equal(await redis.get(key), `value of ${key}`);
    assert.equal(await redis.get('nothing'), null);
  });

  await t.test('reads many keys of one slot at once, in their order', async () => {
    await set('{u}1', 'one');
    await set('{u}3', '');
    assert.deepEqual(await redis.mget(['{u}3', '{u}2', '{u}1']), ['', null, 'one']);
    assert.deepEqual(await redis.mget([]), []);
  });

  await t.test('reads hashes with fields of any name', async () => {
    await redis.command('hash', ['HSET', 'hash', '__proto__', 'a', 'constructor', 'b', '', 'c', 'ä€😀', 'd\0\r\n']);
    const fields = await redis.hgetall('hash');
    assert.equal(Object.getPrototypeOf(fields), null);
    assert.deepEqual(
      { ...fields },
      Object.fromEntries([
        ['__proto__', 'a'],
        ['constructor', 'b'],
        ['', 'c'],
        ['ä€😀', 'd\0\r\n'],
      ]),
    );
    assert.deepEqual([await redis.hget('hash', '__proto__'), await redis.hget('hash', 'no')], ['a', null]);
    assert.deepEqual({ ...(await redis.hgetall('nothing')) }, {});
  });

  await t.test('runs a script, also after the server has forgotten it', async () => {
    const script = redisScript("return { KEYS[1], ARGV[1], redis.call('INCR', KEYS[1]) }");
    for (const key of keys.map((key) => `count:${key}`)) {
      assert.deepEqual(await redis.evalScript(script, [key], ['x']), [key, 'x', 1]);
      await Promise.all(servers.map(({ port }) => redisCommand(port, 'SCRIPT', 'FLUSH')));
      assert.deepEqual(await redis.evalScript(script, [key], ['x']), [key, 'x', 2]);
    }
  });

  await t.test('passes the error of a command on, and goes on', async () => {
    await set('text', 'x');
    await assert.rejects(redis.command('text', ['INCR', 'text']), /not an integer/);
    await assert.rejects(redis.evalScript(redisScript('return nonsense('), ['text'], []), /compiling script/);
    assert.equal(await redis.get('text'), 'x');
  });

  await t.test('walks over all keys of all masters', async () => {
    const expected = Array.from({ length: 500 }, (_, i) => `walk:${i}`);
    await Promise.all(expected.map((key) => set(key, 'x')));
    const masters = await redis.masters();
    assert.equal(masters.length, new Set(masters.map(({ address }) => address)).size);
    const found = new Set<string>();
    for (const master of masters) for await (const portion of master.scan('walk:*', 50)) portion.forEach(addTo(found));
    assert.deepEqual([...found].sort(), expected.sort());
  });

  await t.test('hears what is published on any server, by command and from inside a script', async () => {
    const heard: string[] = [];
    const all = Promise.withResolvers<void>();
    const masters = await redis.masters();
    const script = redisScript("return redis.call('PUBLISH', ARGV[1], ARGV[2])");
    await using _subscription = await redis.subscribe(['one', 'two'], {
      onMessage: (channel, message) => {
        heard.push(`${channel} ${message}`);
        if (heard.length === masters.length + keys.length + 1) all.resolve();
      },
      onLost: () => assert.fail('lost'),
      onRestored: () => assert.fail('restored'),
    });
    for (const { address, command } of masters) await command(['PUBLISH', 'one', address]);
    for (const key of keys) await redis.evalScript(script, [key], ['two', `script ${key}`]);
    await redis.publish('other', 'not for us');
    await redis.publish('one', 'ä€😀\r\n\0');
    await all.promise;
    assert.deepEqual(
      heard.sort(),
      [
        ...masters.map(({ address }) => `one ${address}`),
        ...keys.map((key) => `two script ${key}`),
        'one ä€😀\r\n\0',
      ].sort(),
    );
  });

  await t.test('hears bytes as they were published', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const heard = Promise.withResolvers<Buffer>();
    await using _subscription = await redis.subscribe(['bytes'], {
      onMessage: (_channel, message) => heard.resolve(message),
      onLost: () => assert.fail('lost'),
      onRestored: () => assert.fail('restored'),
    });
    await redis.publish('bytes', bytes);
    assert.deepEqual(await heard.promise, bytes);
  });

  await t.test('hears messages in the order in which one node published them', async () => {
    const heard: number[] = [];
    const all = Promise.withResolvers<void>();
    await using _subscription = await redis.subscribe(['numbers'], {
      onMessage: (_channel, message) => heard.push(Number(message)) === 1000 && all.resolve(),
      onLost: () => assert.fail('lost'),
      onRestored: () => assert.fail('restored'),
    });
    await Promise.all(Array.from({ length: 1000 }, (_, i) => redis.publish('numbers', String(i))));
    await all.promise;
    assert.deepEqual(
      heard,
      Array.from({ length: 1000 }, (_, i) => i),
    );
  });

  await t.test('T5: gives up after its time limit while the servers hang, and goes on afterwards', async (t) => {
    const impatient = await connectForTest(t, url, { commandTimeoutMs: 300 });
    await pause(servers, async () => {
      await assert.rejects(impatient.get('a'), /gave no answer within 300 ms/);
    });
    await untilAnswers(impatient);
  });

  await t.test('T5: gives up a server that stays silent, so that what follows fails at once', async (t) => {
    const lost = Promise.withResolvers<unknown>();
    const back = Promise.withResolvers<void>();
    const impatient = await connectForTest(t, url, {
      commandTimeoutMs: 200,
      onConnectionFailure: lost.resolve,
      onReconnect: back.resolve,
    });
    await pause(servers, async () => {
      await assert.rejects(impatient.get('a'), /gave no answer/);
      assert.match(String(await lost.promise), /fallen silent/);
      await assert.rejects(impatient.get('a'), /no connection/);
    });
    await back.promise;
    await untilAnswers(impatient);
  });

  await t.test('closes although the servers hang', async () => {
    const closing = await connectRedis(url, { onConnectionFailure: () => {}, commandTimeoutMs: 200 });
    const subscription = await closing.subscribe(['x'], silentListener);
    await pause(servers, async () => {
      const waiting = assert.rejects(closing.get('a'));
      await Promise.all([closing[Symbol.asyncDispose](), waiting]);
      await subscription[Symbol.asyncDispose]();
    });
    await assert.rejects(closing.get('a'), /no connection|no master/);
  });
});

test('connecting says at once what is wrong', async (t) => {
  await t.test('one server: nobody there, wrong password, wrong database', async (t) => {
    const server = await redisForSuite(t, { args: ['--requirepass', 'right', '--databases', '2'] });
    if (server === undefined) return;
    const url = (userinfo: string, rest = '') => `redis://${userinfo}127.0.0.1:${server.port}${rest}`;
    await refuses(url('', ''), /NOAUTH/);
    await refuses(url(':wrong@'), /WRONGPASS/);
    await refuses(url(':right@', '/2'), /DB index is out of range/);
    for (const good of [url(':right@'), url('default:right@', '/1')]) await (await connectForTest(t, good)).ping();
    await server.kill();
    await refuses(url(':right@'), /ECONNREFUSED/);
  });

  await t.test('Sentinel: nobody there, another name; one Sentinel of several is enough', async (t) => {
    const sentinel = await sentinelForSuite(t);
    if (sentinel === undefined) return;
    const dead = '127.0.0.1:1';
    const alive = `127.0.0.1:${sentinel.sentinel.port}`;
    await refuses(`redis+sentinel://${dead}/tessera`, /no Sentinel knows .*ECONNREFUSED/);
    await refuses(`redis+sentinel://${alive},${dead}/other`, /knows no such master/);
    await (await connectForTest(t, `redis+sentinel://${dead},${alive}/tessera`)).ping();
    const inDatabase1 = await connectForTest(t, `redis+sentinel://${alive}/tessera/1`);
    await inDatabase1.command('k', ['SET', 'k', 'in database 1']);
    assert.equal(await (await connectForTest(t, sentinel.url)).get('k'), null);
  });

  await t.test('Cluster: nobody there, no Cluster; one server of several is enough', async (t) => {
    const cluster = await clusterForSuite(t);
    const server = await redisForSuite(t);
    if (cluster === undefined || server === undefined) return;
    await refuses('redis+cluster://127.0.0.1:1', /no server knows the Cluster.*ECONNREFUSED/);
    await refuses(`redis+cluster://127.0.0.1:${server.port}`, /cluster support disabled/);
    const [first] = cluster.masters;
    const redis = await connectForTest(t, `redis+cluster://127.0.0.1:1,127.0.0.1:${first?.port}`);
    assert.equal((await redis.masters()).length, 3);
    await redis.ping();
  });
});

const silentListener = { onMessage: () => {}, onLost: () => {}, onRestored: () => {} };

function addTo(set: Set<string>): (item: string) => void {
  return (item) => void set.add(item);
}

async function refuses(url: string, message: RegExp): Promise<void> {
  await assert.rejects(connectRedis(url, { onConnectionFailure: () => {} }), (error) => {
    assert.match(reasonsOf(error), message);
    assert.doesNotMatch(reasonsOf(error), /wrong@|right/);
    return true;
  });
}

function reasonsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonsOf).join('; ');
  return error instanceof Error ? `${error.message} ${error.cause === undefined ? '' : reasonsOf(error.cause)}` : '';
}

/** Stops the processes while `work` runs. */
async function pause(servers: readonly { readonly pid: number }[], work: () => Promise<void>): Promise<void> {
  for (const { pid } of servers) process.kill(pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    for (const { pid } of servers) process.kill(pid, 'SIGCONT');
  }
}

/** The client itself tells: it is asked again as soon as it has answered. */
async function untilAnswers(redis: RedisClient): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  for (;;) {
    try {
      await Promise.all(keys.map((key) => redis.get(key)));
      return;
    } catch (error) {
      if (signal.aborted) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
