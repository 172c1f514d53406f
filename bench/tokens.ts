/**
 * What tokens cost, in CPU of the server per operation: issued and verified in process, over HTTP beside bare fastify
 * routes that do only the unavoidable, on Redis and on SQLite; and bytes per token in Redis beside OpenIM's layout.
 *
 *   node bench/tokens.ts [--quick] [--only in-process|redis|sqlite|memory] [--subject WORDS]
 *
 * With --quick each part takes at most 20 s on a quiet machine, and still warms up. With --subject, over HTTP, only
 * routes whose name has one of the words, and their floors: warm, in 40 s. Aims: issuing on Redis twice the CPU of a bare
 * route that runs the same script, verifying 1.4 times that of one that does nothing (with the cache) or reads Redis once
 * (without); a user who has very many ended tokens costs what another one does; at most 330 bytes per token with one token
 * per user, 220 with four.
 */
import { connectRedis } from '../src/redis/client/client.ts';
import { loginPolicy } from '../src/tokens/policy.ts';
import { BackEnd } from '../test/support/back-end.ts';
import { startRedis } from '../test/support/services/redis.ts';
import { adminSecret, TesseraProcess } from '../test/support/tessera-process.ts';
import { benchRedis } from './support/bench-redis.ts';
import { nextMessage, startChild } from './support/child.ts';
import { readCommandLine } from './support/command-line.ts';
import { LoadedRoutes, type Subject } from './support/http-subjects.ts';
import { median, whole } from './support/numbers.ts';
import { printTable } from './support/table.ts';
import { adminCall, newAuthority, serverCache } from './support/tessera-tokens.ts';
import { measureTokenMemory } from './support/token-memory.ts';

const { values } = readCommandLine(import.meta.filename, {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  subject: { type: 'string', multiple: true },
});
const quick = { rounds: 2, requests: 2500, warmUp: 4000, users: 2000, ended: 2000, inProcess: 5000, memory: 10_000 };
const sizes = values.quick
  ? quick
  : values.subject !== undefined
    ? { ...quick, rounds: 7, requests: 6000, warmUp: 16_000 }
    : { rounds: 7, requests: 15_000, warmUp: 15_000, users: 20_000, ended: 13_000, inProcess: 40_000, memory: 100_000 };
/** Calls at a time, in process; over HTTP it is the number of connections. */
const atOnce = 64;
const parts = { 'in-process': compareInProcess, redis: compareOnRedis, sqlite: compareOnSqlite, memory: compareMemory };

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
  const fromCache = 'verify, from the cache';
  const subjects: Readonly<Record<string, (index: number) => Promise<unknown>>> = {
    'one GET': () => client.get('absent'),
    issue,
    'verify, the store is asked': (index) => issuer.verify(tokens[index % sizes.users]!),
    [fromCache]: (index) => remembering.verify(tokens[index % sizes.users]!),
  };
  const results = new Map<string, Effort[]>(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round <= sizes.rounds; round += 1) {
    for (const [name, run] of Object.entries(subjects)) {
      if (run === subjects[fromCache]) await Promise.all(tokens.map((token) => remembering.verify(token)));
      const effort = await effortOf(run);
      // The first round warms up.
      if (round > 0) results.get(name)?.push(effort);
    }
  }
  printTable(
    `In process, ${atOnce} at once, ${sizes.users} users on one platform, policy one-per-platform`,
    ['', 'CPU µs', 'per second', 'slowest round', 'fastest'],
    [...results].map(([name, all]) => {
      const rates = all.map(({ perSecond }) => perSecond);
      const micros = median(all.map(({ cpuMicros }) => cpuMicros)).toFixed(1);
      return [name, micros, ...[median(rates), Math.min(...rates), Math.max(...rates)].map(whole)];
    }),
  );
}

interface Effort {
  readonly perSecond: number;
  /** Of this process, per operation. */
  readonly cpuMicros: number;
}

async function effortOf(run: (index: number) => Promise<unknown>): Promise<Effort> {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  let started = 0;
  const worker = async () => {
    while (started < sizes.inProcess) await run(started++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const { user, system } = process.cpuUsage(before);
  return {
    perSecond: (sizes.inProcess * 1000) / (performance.now() - startedAt),
    cpuMicros: (user + system) / sizes.inProcess,
  };
}

async function compareOnRedis(): Promise<void> {
  await using redis = await startRedis();
  const env = { TESSERA_REDIS_URL: redis.url };
  const [tessera, uncached] = await Promise.all([
    TesseraProcess.start({ env }),
    TesseraProcess.start({ env: { ...env, TESSERA_TOKEN_CACHE_SIZE: '0' } }),
  ]);
  const bare = startChild(new URL('./support/bare-token-server.ts', import.meta.url), redis.url);
  using load = new LoadedRoutes();
  const { port } = await nextMessage<{ port: number }>(bare);
  const { headers, logins, checks, endedLogin } = await populate(tessera, load);
  const onBare = (path: string, bodies: readonly string[]) => ({
    pid: bare.pid!,
    order: { port, path, headers, bodies },
  });
  const on = (server: TesseraProcess, path: string, bodies: readonly string[], connections = atOnce) => ({
    pid: server.pid,
    order: { port: portOf(server), path, headers, bodies, connections },
  });
  const subjects: readonly Subject[] = [
    { name: 'bare: EVALSHA of the issue script', ...onBare('/issue-script', logins) },
    {
      name: 'get_user_token',
      floor: 'bare: EVALSHA of the issue script',
      aim: '2',
      ...on(tessera, '/auth/get_user_token', logins),
    },
    { name: 'get_user_token, one at a time', ...on(tessera, '/auth/get_user_token', logins, 1) },
    {
      name: `the same, of a user with ${whole(sizes.ended)} ended tokens`,
      floor: 'get_user_token, one at a time',
      ...on(tessera, '/auth/get_user_token', [endedLogin], 1),
    },
    { name: 'bare: nothing', ...onBare('/nothing', checks) },
    {
      name: 'parse_token, from the cache',
      floor: 'bare: nothing',
      aim: '1.4',
      ...cached(on(tessera, '/auth/parse_token', checks)),
    },
    { name: 'bare: one MGET', ...onBare('/read', checks) },
    {
      name: 'parse_token, without a cache',
      floor: 'bare: one MGET',
      aim: '1.4',
      ...on(uncached, '/auth/parse_token', checks),
    },
  ];
  await load.compare(`On Redis over HTTP, ${atOnce} connections, ${sizes.users} users`, chosen(subjects), sizes);
  bare.disconnect();
  await Promise.all([tessera.dispose(), uncached.dispose()]);
}

async function compareOnSqlite(): Promise<void> {
  const tessera = await TesseraProcess.start();
  using load = new LoadedRoutes();
  const { headers, logins, checks, endedLogin } = await populate(tessera, load);
  const on = (path: string, bodies: readonly string[], connections = atOnce) => ({
    pid: tessera.pid,
    order: { port: portOf(tessera), path, headers, bodies, connections },
  });
  const subjects: readonly Subject[] = [
    { name: `get_user_token, ${atOnce} at a time`, ...on('/auth/get_user_token', logins) },
    { name: 'get_user_token, one at a time', ...on('/auth/get_user_token', logins, 1) },
    {
      name: `the same, of a user with ${whole(sizes.ended)} ended tokens`,
      floor: 'get_user_token, one at a time',
      ...on('/auth/get_user_token', [endedLogin], 1),
    },
    { name: 'parse_token, from the cache', ...cached(on('/auth/parse_token', checks)) },
  ];
  await load.compare(`On SQLite over HTTP, ${sizes.users} users`, chosen(subjects), sizes);
  await tessera.dispose();
}

/** Of so few tokens that each is in the cache, which forgets after some seconds, and filled again before each round. */
function cached<T extends Pick<Subject, 'order'>>({ order, ...subject }: T) {
  const bodies = order.bodies.slice(0, 500);
  return { ...subject, order: { ...order, bodies }, primer: bodies.length };
}

/** Those that the command line names, and what they are compared with. */
function chosen(subjects: readonly Subject[]): readonly Subject[] {
  const isNamed = ({ name }: Subject) => values.subject?.some((words) => name.includes(words)) ?? true;
  const floors = new Set(subjects.filter(isNamed).map(({ floor }) => floor));
  return subjects.filter((subject) => isNamed(subject) || floors.has(subject.name));
}

/** What a server is to be asked. */
interface Population {
  readonly headers: Readonly<Record<string, string>>;
  /** Bodies of get_user_token, of many users. */
  readonly logins: readonly string[];
  /** Of the one user who has very many ended tokens. */
  readonly endedLogin: string;
  /** Bodies of parse_token. */
  readonly checks: readonly string[];
}

async function populate(tessera: TesseraProcess, load: LoadedRoutes): Promise<Population> {
  const backEnd = new BackEnd(() => tessera.apiUrl);
  const users = Array.from({ length: sizes.users }, (_, index) => userIDOf(index));
  const busy = 'busy';
  const everybody = [...users, busy];
  for (let first = 0; first < everybody.length; first += 500) {
    await backEnd.register(...everybody.slice(first, first + 500));
  }
  const { data } = await backEnd.post('/auth/get_admin_token', { secret: adminSecret, userID: 'imAdmin' }, 'none');
  const headers = { operationID: '1700000000000123456', token: data.token };
  const bodyOf = (userID: string) => JSON.stringify({ userID, platformID: 1 });
  const held: string[] = [];
  for (let first = 0; first < Math.min(2000, users.length); first += 50) {
    held.push(...(await Promise.all(users.slice(first, first + 50).map((userID) => backEnd.userToken(userID, 2)))));
  }
  const order = { port: portOf(tessera), path: '/auth/get_user_token', headers, bodies: [bodyOf(busy)] };
  await load.round({ name: 'ending tokens', pid: tessera.pid, order }, sizes.ended);
  return {
    headers,
    logins: users.map(bodyOf),
    endedLogin: bodyOf(busy),
    checks: held.map((token) => JSON.stringify({ token })),
  };
}

async function compareMemory(): Promise<void> {
  const rows = await measureTokenMemory(sizes.memory);
  printTable(
    `Bytes of Redis memory per token, ${sizes.memory} tokens, user IDs of ten digits`,
    ['', 'Tessera', 'aim', 'OpenIM 3.8'],
    rows.map(({ title, tessera, aim, openIM }) => [title, whole(tessera), aim, whole(openIM)]),
  );
}

function portOf({ apiUrl }: TesseraProcess): number {
  return Number(new URL(apiUrl).port);
}

/** Ten digits, as people number their users. */
function userIDOf(index: number): string {
  return String(1_000_000_000 + (index % sizes.users));
}
