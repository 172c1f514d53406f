/** A subscription never loses messages without saying so, and mends itself. */
import assert from 'node:assert/strict';
import { EventEmitter, on } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { RedisClient, RedisListener } from '../../src/redis/client/client.ts';
import { redisCommand, untilTrue } from '../support/services/redis-command.ts';
import { clusterForSuite, redisForSuite, sentinelForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';
import { connectForTest, testOnEveryRedis } from './support/every-redis.ts';

/** Everything that a subscription tells, in order, to be waited for. */
class Diary extends EventEmitter implements RedisListener {
  readonly entries: string[] = [];
  readonly #whenRestored: () => void;

  constructor(whenRestored = () => {}) {
    super();
    this.#whenRestored = whenRestored;
  }

  onMessage(_channel: string, message: Buffer): void {
    if (message.toString() === 'unreadable') throw new Error('cannot read this');
    this.#write(message.toString());
  }

  onLost(): void {
    this.#write('LOST');
  }

  onRestored(): void {
    this.#whenRestored();
    this.#write('RESTORED');
  }

  /** Resolves when there are `count` such entries. */
  async until(entry: string, count = 1): Promise<void> {
    const has = () => this.entries.filter((one) => one === entry).length >= count;
    if (has()) return;
    const come = async () => {
      for await (const _ of on(this, 'entry')) if (has()) return;
    };
    await within(`${count} entries ${entry} in the diary`, come());
  }

  #write(entry: string): void {
    this.entries.push(entry);
    this.emit('entry');
  }
}

async function keepDiary(t: TestContext, redis: RedisClient, whenRestored?: () => void): Promise<Diary> {
  const diary = new Diary(whenRestored);
  const subscription = await redis.subscribe(['news'], diary);
  t.after(() => subscription[Symbol.asyncDispose]());
  return diary;
}

testOnEveryRedis('a subscription', async (t, { url, servers }) => {
  await t.test('says at once that its connection was lost, and when nothing is missed any more', async (t) => {
    const redis = await connectForTest(t, url);
    const diary = await keepDiary(t, redis);
    for (let round = 1; round <= 3; round++) {
      await Promise.all(servers.map(({ port }) => redisCommand(port, 'CLIENT', 'KILL', 'TYPE', 'pubsub')));
      await diary.until('RESTORED', round);
      await redis.publish('news', `after loss ${round}`);
      await diary.until(`after loss ${round}`);
    }
    const told = Array.from({ length: 3 }, (_, i) => ['LOST', 'RESTORED', `after loss ${i + 1}`]);
    assert.deepEqual(diary.entries, told.flat());
  });

  await t.test('renews itself when it is asked to', async (t) => {
    const redis = await connectForTest(t, url);
    const diary = new Diary();
    await using subscription = await redis.subscribe(['news'], diary);
    subscription.renew();
    assert.deepEqual(diary.entries, ['LOST']);
    await diary.until('RESTORED');
    await redis.publish('news', 'renewed');
    await diary.until('renewed');
    assert.deepEqual(diary.entries, ['LOST', 'RESTORED', 'renewed']);
  });

  await t.test('takes a message that its listener cannot read for one that was missed', async (t) => {
    const redis = await connectForTest(t, url);
    const diary = await keepDiary(t, redis);
    await redis.publish('news', 'unreadable');
    await diary.until('RESTORED');
    await redis.publish('news', 'readable');
    await diary.until('readable');
    assert.deepEqual(diary.entries, ['LOST', 'RESTORED', 'readable']);
  });

  await t.test('says nothing more once it is ended', async (t) => {
    const redis = await connectForTest(t, url);
    const ended = new Diary();
    const subscription = await redis.subscribe(['news'], ended);
    const other = await keepDiary(t, redis);
    await subscription[Symbol.asyncDispose]();
    await redis.publish('news', 'too late');
    await other.until('too late');
    assert.deepEqual(ended.entries, []);
  });

  await t.test('T5: every message between kills is heard or its loss was told', async (t) => {
    const redis = await connectForTest(t, url);
    let sent = 0;
    /** How many had been sent when the subscription was restored, each time. */
    const sentAtRestore: number[] = [];
    const diary = await keepDiary(t, redis, () => sentAtRestore.push(sent));
    const stop = new AbortController();
    const publishing = (async () => {
      while (!stop.signal.aborted) {
        await redis.publish('news', String(sent)).catch(() => {});
        sent += 1;
      }
    })();
    for (let round = 1; round <= 4; round++) {
      await Promise.all(servers.map(({ port }) => redisCommand(port, 'CLIENT', 'KILL', 'TYPE', 'pubsub')));
      await diary.until('RESTORED', round);
    }
    stop.abort();
    await publishing;
    await redis.publish('news', 'end');
    await diary.until('end');

    // Each time from where it was restored, or from before: it may hear some before it says so, and of a Cluster's
    // servers one may be behind the one before.
    let next: number | undefined = 0;
    let restored = 0;
    let isLost = false;
    for (const entry of diary.entries.slice(0, -1)) {
      if (entry === 'LOST') [next, isLost] = [undefined, true];
      else if (entry === 'RESTORED') [restored, isLost] = [restored + 1, false];
      else {
        if (next !== undefined) assert.equal(Number(entry), next, 'missed without a word');
        // One may have been under way.
        else if (!isLost)
          assert.ok(Number(entry) <= (sentAtRestore[restored - 1] ?? 0) + 1, 'missed after it was restored');
        next = Number(entry) + 1;
      }
    }
    assert.ok(next === undefined || next === sent);
    assert.ok(sent > 10);
  });
});

test('a subscription outlives its server', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const redis = await connectForTest(t, server.url);
  const diary = await keepDiary(t, redis);
  await server.kill();
  await diary.until('LOST');
  await server.restart();
  await diary.until('RESTORED');
  await untilTrue('commands go through', async () => {
    await redis.publish('news', 'back');
    return true;
  });
  await diary.until('back');
  assert.deepEqual(diary.entries, ['LOST', 'RESTORED', 'back']);
  await server.kill();
  await assert.rejects(redis.subscribe(['news'], new Diary()), /ECONNREFUSED/);
});

test('a subscription follows the master that Sentinel names', async (t) => {
  const sentinel = await sentinelForSuite(t);
  if (sentinel === undefined) return;
  const redis = await connectForTest(t, sentinel.url);
  const diary = await keepDiary(t, redis);
  await sentinel.failOver();
  await diary.until('RESTORED');
  const master = await sentinel.master();
  await untilTrue('it is heard what the new master publishes', async () => {
    await redisCommand(master.port, 'PUBLISH', 'news', 'by the new master');
    return diary.entries.includes('by the new master');
  });
  assert.equal(diary.entries[0], 'LOST');
  assert.deepEqual(await subscribersOf(master.port), 1);

  // It hangs: nothing closes the connections to it.
  process.kill(master.pid, 'SIGSTOP');
  try {
    await sentinel.untilReplaced(master);
    const next = await sentinel.master();
    await untilTrue('it is heard what the next master publishes', async () => {
      await redisCommand(next.port, 'PUBLISH', 'news', 'by the next master');
      return diary.entries.includes('by the next master');
    });
    assert.ok(diary.entries.lastIndexOf('LOST') < diary.entries.lastIndexOf('RESTORED'));
    assert.ok(diary.entries.lastIndexOf('LOST') > diary.entries.indexOf('by the new master'));
  } finally {
    process.kill(master.pid, 'SIGCONT');
  }
});

test('a subscription moves away from a Cluster server that dies', async (t) => {
  const cluster = await clusterForSuite(t);
  if (cluster === undefined) return;
  const redis = await connectForTest(t, cluster.url);
  const diary = await keepDiary(t, redis);
  const subscribers = await Promise.all(cluster.masters.map(({ port }) => subscribersOf(port)));
  const its = cluster.masters[subscribers.indexOf(1)]!;
  const others = cluster.masters.filter((master) => master !== its);

  await its.kill();
  await diary.until('RESTORED');

  for (const [i, { port }] of others.entries()) {
    await redisCommand(port, 'PUBLISH', 'news', `by the other ${i}`);
    await diary.until(`by the other ${i}`);
  }
  assert.deepEqual(diary.entries, ['LOST', 'RESTORED', 'by the other 0', 'by the other 1']);
});

async function subscribersOf(port: number): Promise<number> {
  const [, count] = (await redisCommand(port, 'PUBSUB', 'NUMSUB', 'news')) as [string, number];
  return count;
}
