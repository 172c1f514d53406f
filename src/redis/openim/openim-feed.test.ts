/** What OpenIM's servers tell each other, as a node of ours takes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RedisListener } from '../client/client.ts';
import { formatOpenimMessage, OpenimFeed } from './openim-feed.ts';

/** A feed whose looks at hashes the test ends one by one. */
async function openFeed(look: (key: string) => Promise<void>) {
  const failures: unknown[] = [];
  let listener: RedisListener | undefined;
  const feed = await OpenimFeed.open({
    redis: {
      subscribe: async (_channels, given) => {
        listener = given;
        return { renew: () => {}, [Symbol.asyncDispose]: async () => {} };
      },
    },
    onHash: look,
    onFailure: (error) => failures.push(error),
  });
  return {
    feed,
    failures,
    publish: (message: string) => listener?.onMessage('DELETE_CACHE_AUTH', Buffer.from(message)),
  };
}

test('every hash that OpenIM has changed is looked at, and none that we have', async () => {
  const looked: string[] = [];
  const last = Promise.withResolvers<void>();
  const { publish } = await openFeed(async (key) => {
    looked.push(key);
    if (key === 'c') last.resolve();
  });
  publish('["a","b"]');
  publish(formatOpenimMessage(['ours']));
  publish('[ "c" ]');
  await last.promise;
  assert.deepEqual(looked, ['a', 'b', 'c']);
});

test('a hash is looked at whatever was published just before it', async () => {
  const looked = Promise.withResolvers<string>();
  const { publish } = await openFeed(async (key) => looked.resolve(key));
  publish(formatOpenimMessage(['ours']));
  publish('["a"]');
  assert.equal(await looked.promise, 'a');
});

test('a hash is looked at that is published while the last look ends, at whatever moment', async () => {
  for (let moment = 0; moment < 20; moment++) {
    const looked: string[] = [];
    const { publish } = await openFeed(async (key) => void looked.push(key));
    publish('["a"]');
    for (let turn = 0; turn < moment; turn++) await Promise.resolve();
    publish('["b"]');
    await new Promise(setImmediate);
    assert.deepEqual(looked, ['a', 'b'], `moment ${moment}`);
  }
});

test('what we publish is for OpenIM an array of keys', () => {
  assert.deepEqual(JSON.parse(formatOpenimMessage(['a', 'b'])), ['a', 'b']);
});

test('a look that fails is reported and holds up no other', async () => {
  const looked: string[] = [];
  const { feed, failures, publish } = await openFeed(async (key) => {
    if (key === 'bad') throw new Error('connection lost');
    looked.push(key);
  });
  publish('["bad","good"]');
  await feed[Symbol.asyncDispose]();
  assert.deepEqual(looked, ['good']);
  assert.equal(failures.length, 1);
});

test('O2 a storm costs bounded memory: the hashes that have waited longest are given up', async () => {
  const gate = Promise.withResolvers<void>();
  const last = Promise.withResolvers<void>();
  const looked = new Set<string>();
  const { publish } = await openFeed(async (key) => {
    await gate.promise;
    looked.add(key);
    if (key === 'key19999') last.resolve();
  });
  publish(JSON.stringify(Array.from({ length: 20_000 }, (_, i) => `key${i}`)));
  gate.resolve();
  await last.promise;
  assert.equal(looked.size, 10_000);
  assert.ok(looked.has('key10000') && !looked.has('key9999'));
});
