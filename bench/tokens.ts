/**
 * What tokens cost: issued and verified per second, in process and over HTTP beside bare fastify routes that do only the
 * unavoidable, and bytes per token in Redis beside OpenIM's layout.
 *
 *   node bench/tokens.ts [--quick]
 *
 * Aims: issue at 60 % of the rate of a bare route that does one EVALSHA, verify at 70 % of one that does nothing (with
 * the cache) or reads Redis once (without); at most 330 bytes per token with one token per user, 220 with four.
 */
import type { ChildProcess } from 'node:child_process';
import { parseArgs } from 'node:util';
import { connectRedis } from '../src/redis/client/client.ts';
import { loginPolicy } from '../src/tokens/policy.ts';
import { BackEnd } from '../test/support/back-end.ts';
import { startRedis } from '../test/support/services/redis.ts';
import { adminSecret, TesseraProcess } from '../test/support/tessera-process.ts';
import { benchRedis } from './support/bench-redis.ts';
import { cpuSecondsOf, nextMessage, startChild } from './support/child.ts';
import type { HttpOrder, HttpResult } from './support/http-load.ts';
import { printTable } from './support/table.ts';
import { adminCall, newAuthority, serverCache } from './support/tessera-tokens.ts';
import { measureTokenMemory } from './support/token-memory.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
});
const sizes = values.quick
  ? { rounds: 2, seconds: 1, users: 2000, inProcess: 5000, memory: 10_000 }
  : { rounds: 7, seconds: 3, users: 20_000, inProcess: 40_000, memory: 100_000 };
/** Calls at a time, in process; over HTTP it is the number of connections. */
const atOnce = 64;
const parts = { 'in-process': compareInProcess, http: compareOverHttp, memory: compareMemory };

for (const [name, measure] of Object.entries(parts)) {
  if (values.only?.includes(name) ?? true) await measure();
}
process.exit();

async function compareInProcess(): Promise<void> {
  await using redis = await startRedis();
  await using client = await connectRedis(redis.url, benchRedis);
  const issuer = newAuthority(client, { policy: loginPolicy('one-per-platform', 0) });
  const remembering = newAuthority(client, { cache: serverCache });
  const tokens: string[] = [];
  const issue = async (index: number) => {
    const request = { userID: userIDOf(index), platformID: 1 };
    tokens[index % sizes.users] = (await issuer.issueUserToken(adminCall, request)).token;
  };
  const subjects: Readonly<Record<string, (index: number) => Promise<unknown>>> = {
    'one GET': () => client.get('absent'),
    issue,
    'verify, the store is asked': (index) => issuer.verify(tokens[index % sizes.users]!),
    'verify, from the cache': (index) => remembering.verify(tokens[index % sizes.users]!),
  };
  const rates = new Map<string, number[]>(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round <= sizes.rounds; round += 1) {
    for (const [name, run] of Object.entries(subjects)) {
      const rate = await ratePerSecond(run);
      // The first round warms up.
      if (round > 0) rates.get(name)?.push(rate);
    }
  }
  printTable(
    `In process, ${atOnce} at once, ${sizes.users} users on one platform, policy one-per-platform`,
    ['', 'per second', 'slowest round', 'fastest'],
    [...rates].map(([name, all]) => [name, ...[median(all), Math.min(...all), Math.max(...all)].map(whole)]),
  );
}

async function ratePerSecond(run: (index: number) => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  let started = 0;
  const worker = async () => {
    while (started < sizes.inProcess) await run(started++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return (sizes.inProcess * 1000) / (performance.now() - startedAt);
}

/** One HTTP route under load. */
interface Subject {
  readonly name: string;
  /** The subject whose rate is 100 %. */
  readonly floor?: string;
  readonly aim?: string;
  readonly pid: number;
  readonly order: Omit<HttpOrder, 'seconds'>;
  readonly rounds: { readonly perSecond: number; readonly serverMicros: number; readonly loadShare: number }[];
}

async function compareOverHttp(): Promise<void> {
  await using redis = await startRedis();
  const env = { TESSERA_REDIS_URL: redis.url };
  const [tessera, uncached] = await Promise.all([
    TesseraProcess.start({ env }),
    TesseraProcess.start({ env: { ...env, TESSERA_TOKEN_CACHE_SIZE: '0' } }),
  ]);
  const bare = startChild(new URL('./support/bare-token-server.ts', import.meta.url), redis.url);
  const load = startChild(new URL('./support/http-load.ts', import.meta.url));
  const { port: barePort } = await nextMessage<{ port: number }>(bare);
  const subjects = await subjectsOf(tessera, uncached, { pid: bare.pid!, port: barePort });

  for (const subject of subjects) await measure(load, subject, 1);
  for (let round = 0; round < sizes.rounds; round += 1) {
    for (const subject of subjects) subject.rounds.push(await measure(load, subject, sizes.seconds));
  }
  load.disconnect();
  bare.disconnect();
  await Promise.all([tessera.dispose(), uncached.dispose()]);
  report(subjects);
}

async function subjectsOf(
  tessera: TesseraProcess,
  uncached: TesseraProcess,
  bare: { pid: number; port: number },
): Promise<readonly Subject[]> {
  const backEnd = new BackEnd(() => tessera.apiUrl);
  const users = Array.from({ length: sizes.users }, (_, index) => userIDOf(index));
  for (let first = 0; first < users.length; first += 500) await backEnd.register(...users.slice(first, first + 500));
  const { data } = await backEnd.post('/auth/get_admin_token', { secret: adminSecret, userID: 'imAdmin' }, 'none');
  const headers = { operationID: '1700000000000123456', token: data.token };
  const logins = users.map((userID) => JSON.stringify({ userID, platformID: 1 }));
  const held: string[] = [];
  for (const userID of users.slice(0, 2000)) held.push(await backEnd.userToken(userID, 2));
  const checks = held.map((token) => JSON.stringify({ token }));

  const onBare = (path: string, bodies: readonly string[]) => ({
    pid: bare.pid,
    order: { port: bare.port, path, headers, bodies },
    rounds: [],
  });
  const on = ({ pid, apiUrl }: TesseraProcess, path: string, bodies: readonly string[]) => ({
    pid,
    order: { port: Number(new URL(apiUrl).port), path, headers, bodies },
    rounds: [],
  });
  return [
    { name: 'bare: EVALSHA of one SET', ...onBare('/small-script', logins) },
    { name: 'bare: EVALSHA of the issue script', ...onBare('/issue-script', logins) },
    {
      name: 'get_user_token',
      floor: 'bare: EVALSHA of the issue script',
      aim: '60',
      ...on(tessera, '/auth/get_user_token', logins),
    },
    { name: 'bare: nothing', ...onBare('/nothing', checks) },
    {
      name: 'parse_token, from the cache',
      floor: 'bare: nothing',
      aim: '70',
      ...on(tessera, '/auth/parse_token', checks),
    },
    { name: 'bare: one MGET', ...onBare('/read', checks) },
    {
      name: 'parse_token, without a cache',
      floor: 'bare: one MGET',
      aim: '70',
      ...on(uncached, '/auth/parse_token', checks),
    },
  ];
}

async function measure(
  load: ChildProcess,
  { pid, order, name }: Subject,
  seconds: number,
): Promise<Subject['rounds'][number]> {
  const [serverBefore, loadBefore] = [cpuSecondsOf(pid), cpuSecondsOf(load.pid!)];
  load.send({ ...order, seconds } satisfies HttpOrder);
  const { requests, elapsedMs, failures, firstFailure } = await nextMessage<HttpResult>(load);
  if (failures > 0) throw new Error(`${name}: ${failures} requests failed, such as ${firstFailure}`);
  return {
    perSecond: (requests * 1000) / elapsedMs,
    serverMicros: ((cpuSecondsOf(pid) - serverBefore) * 1e6) / requests,
    loadShare: ((cpuSecondsOf(load.pid!) - loadBefore) * 1000) / elapsedMs,
  };
}

function report(subjects: readonly Subject[]): void {
  const rateOf = ({ rounds }: Subject) => median(rounds.map(({ perSecond }) => perSecond));
  const microsOf = ({ rounds }: Subject) => median(rounds.map(({ serverMicros }) => serverMicros));
  const percent = (ratio: number) => (ratio * 100).toFixed(0);
  printTable(
    `Over HTTP, 64 connections, ${sizes.users} users, the routes in turns, median of ${sizes.rounds} rounds of ${sizes.seconds} s`,
    ['', 'per second', '% of its floor', 'aim', 'server CPU µs', '% of its floor', 'clients CPU %'],
    subjects.map((subject) => {
      const floor = subjects.find(({ name }) => name === subject.floor);
      return [
        subject.name,
        whole(rateOf(subject)),
        floor === undefined ? '' : percent(rateOf(subject) / rateOf(floor)),
        subject.aim ?? '',
        microsOf(subject).toFixed(0),
        floor === undefined ? '' : percent(microsOf(floor) / microsOf(subject)),
        percent(median(subject.rounds.map(({ loadShare }) => loadShare))),
      ];
    }),
  );
}

async function compareMemory(): Promise<void> {
  const rows = await measureTokenMemory(sizes.memory);
  printTable(
    `Bytes of Redis memory per token, ${sizes.memory} tokens, user IDs of ten digits`,
    ['', 'Tessera', 'aim', 'OpenIM 3.8'],
    rows.map(({ title, tessera, aim, openIM }) => [title, whole(tessera), aim, whole(openIM)]),
  );
}

/** Ten digits, as people number their users. */
function userIDOf(index: number): string {
  return String(1_000_000_000 + (index % sizes.users));
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
