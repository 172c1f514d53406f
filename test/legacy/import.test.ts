/** `tessera tokens import`: everything that OpenIM left in a Redis is taken in, and nothing comes back. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { platforms } from '../../src/protocol/numbers/platforms.ts';
import { connectRedis, type RedisClient } from '../../src/redis/client/client.ts';
import { OpenimAdoption } from '../../src/redis/openim/openim-adoption.ts';
import {
  type ImportCheckpoint,
  loadCheckpoint,
  newCheckpoint,
  saveCheckpoint,
} from '../../src/redis/openim/openim-checkpoint.ts';
import { OpenimImport, type OpenimImportOptions } from '../../src/redis/openim/openim-import.ts';
import { tokensIn } from '../../src/redis/openim/openim-import-report.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { TokenCodec } from '../../src/tokens/claims.ts';
import { TokenEvents } from '../../src/tokens/events.ts';
import { SigningKeys } from '../../src/tokens/signing-keys.ts';
import { fillWithHistory, fillWithTokens, openimSecret, signOpenimToken } from '../support/openim-redis.ts';
import { program } from '../support/program.ts';
import { type Outcome, runTesseraHere } from '../support/run-tessera.ts';
import { untilTrue } from '../support/services/redis-command.ts';
import type { Service } from '../support/services/service.ts';
import { clusterForSuite, redisForSuite } from '../support/test-services.ts';
import { asAdmin } from '../support/token-authority.ts';
import { testOnEveryRedis } from './support.ts';

const { Web } = platforms;
const noCache = { cache: { maxTokens: 0, ttlMs: 0 } };
const wholeSecond = () => Math.floor(Date.now() / 1000) * 1000;

/** With OpenIM's secret as the key, since each command would derive one from it for 0.2 s; the process below has the secret. */
const runImport = (url: string, ...args: readonly string[]): Promise<Outcome> =>
  runTesseraHere(['tokens', 'import', ...args], { TESSERA_REDIS_URL: url, TESSERA_SIGNING_KEYS: openimSecret });

testOnEveryRedis('tessera tokens import', 'read', async (t, world) => {
  const { redis, url, openim } = world;
  const history = await fillWithHistory(redis, wholeSecond());
  const { authority } = await world.node(noCache);

  const statesOf = async (userID: string) => {
    const { tokens } = await authority.listTokens(asAdmin, { userID, cursor: '', limit: 0 });
    return tokens.map(({ state, reason }) => `${state} ${reason}`).sort();
  };

  await t.test('--dry-run says what there is, and changes nothing', async () => {
    const before = await everyKey(redis);
    const { code, stdout, stderr } = await runImport(url, '--dry-run', '--json');
    const { counts, isDryRun } = JSON.parse(stdout);
    assert.deepEqual([code, isDryRun, only(counts, history.expected)], [0, true, history.expected]);
    assert.deepEqual(await everyKey(redis), before);
    assert.ok(!`${stdout}${stderr}`.includes('eyJ'), 'no token in the output');
  });

  await t.test('takes in what is good, and reports the rest', async () => {
    const { code, stdout, stderr } = await runImport(url, '--batch', '3', '--json');
    const { counts, examples } = JSON.parse(stdout);
    assert.deepEqual([code, only(counts, history.expected)], [0, history.expected], stderr);
    assert.deepEqual(examples.hashesEndingEarly, ['UID_PID_TOKEN_STATUS:bert:Android']);
    assert.ok(!`${stdout}${stderr}`.includes('eyJ'), 'no token in the output');
    assert.equal(await loadCheckpoint(redis), undefined);
  });

  await t.test('T1 T4 every token is what it was at OpenIM, without a key of OpenIM’s, to its own end', async () => {
    for (const name of await everyKey(redis)) {
      if (name.startsWith('UID_PID_TOKEN_STATUS')) await redis.command(name, ['DEL', name]);
    }
    for (const claims of history.live) {
      const { jti, expiresAt } = await authority.verify(signOpenimToken(claims));
      assert.equal((await world.ownKey(claims.userID, jti))?.endsAt, expiresAt);
      assert.equal(expiresAt, claims.expiresAt);
    }
    const states = await Promise.all(['dora', 'imAdmin'].map((userID) => statesOf(userID)));
    assert.deepEqual(states, [
      ['kicked openim', 'live '],
      ['live ', 'superseded '],
    ]);
  });

  await t.test('T4 what was ended here stays ended, and what OpenIM has kicked since is ended here', async () => {
    const [here, there] = [world.newUser(), world.newUser()];
    const [ended, kicked] = [await openim.issue(here, Web), await openim.issue(there, Web)];
    for (const token of [ended, kicked]) await authority.verify(token);
    await authority.forceLogout(asAdmin, { userID: here, platformID: Web });
    await openim.kick(there, Web, kicked);
    const { code, stdout } = await runImport(url, '--json');
    const { known, ended: endedNow } = JSON.parse(stdout).counts;
    assert.deepEqual([code, known, endedNow], [0, 1, 1]);
    for (const token of [ended, kicked]) assert.equal(await authority.verdict(token), 1506);
  });

  await t.test('T3 beside logins it leaves every user one session, the newest', async () => {
    const users = Array.from({ length: 100 }, () => world.newUser());
    const legacy = await Promise.all(users.map((userID) => openim.issue(userID, Web)));
    const [{ code }, ...fresh] = await Promise.all([
      runImport(url, '--batch', '10'),
      ...users.map((userID) => authority.login(userID, Web)),
    ]);
    assert.equal(code, 0);
    const verdicts = async (tokens: readonly string[]) =>
      new Set(await Promise.all(tokens.map((one) => authority.verdict(one))));
    assert.deepEqual([await verdicts(legacy), await verdicts(fresh)], [new Set([1506]), new Set([0])]);
  });

  await t.test('is interrupted between two portions, and resumed where it was', async () => {
    await fillWithTokens(redis, 300, wholeSecond());
    const interruption = new AbortController();
    const checkpoint = newCheckpoint();
    let portions = 0;
    const onPortion = async () => {
      if (++portions === 3) interruption.abort();
    };
    const engine = (changes: Partial<OpenimImportOptions>) => engineOn(redis, { batchSize: 10, ...changes });
    const { isComplete } = await engine({ checkpoint, onPortion, signal: interruption.signal }).run();
    await saveCheckpoint(redis, checkpoint);
    const done = tokensIn(checkpoint.report);
    assert.ok(!isComplete && done < 300);

    const resumed = await loadCheckpoint(redis);
    assert.deepEqual(resumed, JSON.parse(JSON.stringify(checkpoint)));
    assert.deepEqual(await engine({ checkpoint: resumed ?? newCheckpoint() }).run(), {
      isComplete: true,
      hasMoved: false,
    });
    assert.ok((await countOwn(redis, 'tessera:{user*}:token:h:*')) >= 300);
  });

  await t.test('a position on a server that has been replaced counts for nothing', async () => {
    const userID = world.newUser();
    await openim.issue(userID, Web);
    const positions: ImportCheckpoint['positions'] = {};
    for (const { address } of await redis.masters()) positions[address] = { runID: 'another', cursor: 'end' };
    const checkpoint = { ...newCheckpoint(), positions };
    await engineOn(redis, { checkpoint }).run();
    assert.equal(checkpoint.report.counts.converted, 1);
  });
});

test('tessera tokens import, a process to interrupt', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const redis = await openRedis(t, server.url);
  const count = 3000;
  await fillWithTokens(redis, count, wholeSecond());

  await t.test('Ctrl-C ends it in order, with a checkpoint that goes by itself', async () => {
    await using cwd = await mkdtempDisposable(join(tmpdir(), 'tessera-import-'));
    const child = spawn(process.execPath, [...program, 'tokens', 'import', '--batch', '1', '--json'], {
      cwd: cwd.path,
      env: { PATH: process.env.PATH ?? '', TESSERA_REDIS_URL: server.url, TESSERA_SECRET: openimSecret },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await untilTrue('it has begun', async () => (await loadCheckpoint(redis)) !== undefined);
    child.kill('SIGINT');
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    assert.equal(code, 130);
    assert.equal(JSON.parse(stdout).isComplete, false);
    const ttl = Number(await redis.command(undefined, ['TTL', 'tessera:openim-import']));
    assert.ok(ttl > 6 * 86_400 && ttl <= 7 * 86_400, String(ttl));
    assert.ok((await countOwn(redis, 'tessera:{*}:token:*')) < count);
  });

  await t.test('--resume does the rest, and reports the whole', async () => {
    const { code, stdout } = await runImport(server.url, '--resume', '--json');
    const { counts } = JSON.parse(stdout);
    assert.equal(code, 0);
    assert.ok(counts.converted + counts.known >= count);
    assert.equal(await countOwn(redis, 'tessera:{*}:token:*'), count);
    assert.equal(await loadCheckpoint(redis), undefined);
  });

  await t.test('knows how far it is, from nothing to everything', async () => {
    const parts: number[] = [];
    await engineOn(redis, { isDryRun: true, onPortion: async (done) => void parts.push(done) }).run();
    assert.ok(parts.length > 10 && Number(parts[0]) < 0.2, String(parts.slice(0, 3)));
    assert.deepEqual(
      parts,
      parts.toSorted((a, b) => a - b),
    );
    assert.equal(parts.at(-1), 1);
  });

  await t.test('again, it finds everything known; --resume without anything to resume begins anew', async () => {
    const { code, stdout, stderr } = await runImport(server.url, '--resume');
    assert.equal(code, 0);
    assert.match(stdout, /^3,000 tokens in 3,000 hashes, in [\d.]+ s:\n +3,000 {2}known already: left as they are\n$/);
    assert.match(stderr, /nothing to resume/);
  });
});

test('tessera tokens import says what is wrong', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const redis = await openRedis(t, server.url);
  // So many that no SCAN finds all of them at once.
  await fillWithTokens(redis, 30, wholeSecond());
  const [TESSERA_REDIS_URL, TESSERA_SECRET] = [server.url, openimSecret];
  const cases: readonly [string, Record<string, string>, readonly string[], number, RegExp][] = [
    ['a secret that is not OpenIM’s', { TESSERA_REDIS_URL, TESSERA_SECRET: 'not OpenIM’s' }, [], 1, /share\.secret/],
    ['no secret', { TESSERA_REDIS_URL }, [], 2, /TESSERA_SECRET/],
    ['no Redis', { TESSERA_SECRET }, [], 2, /TESSERA_REDIS_URL/],
    [
      'a Redis that is not there',
      { TESSERA_SECRET, TESSERA_REDIS_URL: 'redis://127.0.0.1:1' },
      [],
      1,
      /cannot use Redis/,
    ],
    ['a batch of nothing', { TESSERA_REDIS_URL, TESSERA_SECRET }, ['--batch', '0'], 2, /--batch/],
    ['a dry run to resume', { TESSERA_REDIS_URL, TESSERA_SECRET }, ['--dry-run', '--resume'], 2, /--dry-run/],
  ];
  for (const [name, env, args, expectedCode, said] of cases) {
    await t.test(name, async () => {
      const { code, stdout, stderr } = await runTesseraHere(['tokens', 'import', ...args], env);
      assert.equal(code, expectedCode, stderr);
      assert.match(stdout + stderr, said);
      assert.doesNotMatch(stdout + stderr, /^ +at /m);
    });
  }

  await t.test('no action', async () => {
    const { code, stderr } = await runTesseraHere(['tokens'], { TESSERA_REDIS_URL, TESSERA_SECRET });
    assert.deepEqual([code, /which of them/.test(stderr)], [2, true]);
  });

  await t.test('a Redis that is lost on the way leaves what is done done', async () => {
    const lost = new Error('connection lost');
    let portions = 0;
    const onPortion = async () => {
      if (++portions === 2) throw lost;
    };
    await assert.rejects(engineOn(redis, { batchSize: 1, onPortion }).run(), lost);
    await engineOn(redis, {}).run();
    assert.equal(await countOwn(redis, 'tessera:{*}:token:*'), 30);
  });
});

test('tessera tokens import on a Redis Cluster that moves slots', async (t) => {
  const cluster = await clusterForSuite(t);
  if (cluster === undefined) return;
  const redis = await openRedis(t, cluster.url);
  await fillWithTokens(redis, 30, wholeSecond());
  const [from, to] = cluster.masters;
  const slot = await cluster.slotOf('UID_PID_TOKEN_STATUS:user1:Web');
  const owner = await cluster.ownerOf('UID_PID_TOKEN_STATUS:user1:Web');
  const target = owner === from ? to! : from!;
  let hasBegun = false;
  const move = async (giver: Service, taker: Service) => {
    await cluster.beginMove(slot, giver, taker);
    await cluster.moveKeys(slot, giver, taker);
    await cluster.endMove(slot, taker);
  };
  const onPortion = async () => {
    if (hasBegun) return;
    hasBegun = true;
    await move(owner, target);
  };

  await t.test('finds that keys may have been missed', async () => {
    assert.deepEqual(await engineOn(redis, { onPortion }).run(), { isComplete: false, hasMoved: true });
  });

  const checkpoint = newCheckpoint();
  await t.test('run again, it has taken in every token', async () => {
    assert.deepEqual(await engineOn(redis, { checkpoint }).run(), { isComplete: true, hasMoved: false });
    assert.equal(await countOwn(redis, 'tessera:{*}:token:*'), 30);
  });

  await t.test('resumed after a move, it looks at everything again', async () => {
    await move(target, owner);
    await engineOn(redis, { checkpoint }).run();
    assert.equal(tokensIn(checkpoint.report), 60);
  });
});

function engineOn(redis: RedisClient, changes: Partial<OpenimImportOptions>): OpenimImport {
  const store = new RedisTokenStore(redis, Date.now);
  return new OpenimImport({
    redis,
    adoption: new OpenimAdoption({ redis, store, events: new TokenEvents((error) => assert.fail(String(error))) }),
    codec: new TokenCodec(new SigningKeys([openimSecret])),
    clock: Date.now,
    isDryRun: false,
    batchSize: 100,
    checkpoint: newCheckpoint(),
    onPortion: async () => {},
    signal: new AbortController().signal,
    ...changes,
  });
}

async function openRedis(t: TestContext, url: string): Promise<RedisClient> {
  const redis = await connectRedis(url, { onConnectionFailure: () => {} });
  t.after(() => redis[Symbol.asyncDispose]());
  return redis;
}

async function everyKey(redis: RedisClient, pattern = '*'): Promise<string[]> {
  const keys = new Set<string>();
  for (const master of await redis.masters()) {
    for await (const portion of master.scan(pattern)) for (const key of portion) keys.add(key);
  }
  return [...keys].sort();
}

async function countOwn(redis: RedisClient, pattern: string): Promise<number> {
  return (await everyKey(redis, pattern)).length;
}

/** Those of the counts that are expected. */
function only(counts: Record<string, number>, expected: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.keys(expected).map((name) => [name, counts[name] ?? 0]));
}
