/**
 * What several nodes cost and gain: one, two and four nodes, each a process, on one PostgreSQL, one Redis and this machine.
 * Chats between users on any two nodes, a group of 100,000 members of whom 1,000 are online, sockets that do nothing, and
 * logins. Writes what it has measured into a file for bench/cluster-model.
 *
 *   node bench/cluster.ts [--quick] [--nodes 1,2,4] [--only chat,group,idle,login] [--out cluster.json]
 *
 *   --quick   one turn of each, shorter, and a group of 10,000 with 400 online
 *   --nodes   numbers of nodes, in that order
 *   --only    some of the scenarios
 *   --out     the file, cluster.json
 *
 * All parts share the machine's cores, so that more nodes are not faster here: look at the CPU of each. Of two turns of a
 * scenario the one counts that took less CPU for each of what it did: others may use the machine, too. Lag is that of a
 * moderate rate, from the acknowledgement, which is sent when the message is committed, to clients on other nodes. What a
 * message costs at that rate, where it has a commit for itself, tells bench/cluster-model what a commit costs.
 */
import type { ChildProcess } from 'node:child_process';
import { cpus } from 'node:os';
import { setTimeout as passed } from 'node:timers/promises';
import pg from 'pg';
import { BackEnd } from '../test/support/back-end.ts';
import { startPostgres } from '../test/support/services/postgres.ts';
import { startRedis } from '../test/support/services/redis.ts';
import type { Service } from '../test/support/services/service.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { userIDOf } from './support/chat-frames.ts';
import { cpuSecondsOf, cpuSecondsOfMachine, cpuSecondsOfTree, nextMessage, startChild } from './support/child.ts';
import type { ClusterCounts, ClusterOrder } from './support/cluster-load.ts';
import { type ClusterRun, writeClusterResult } from './support/cluster-result.ts';
import { readCommandLine } from './support/command-line.ts';
import { handshakeQuery } from './support/load-generator.ts';
import { whole } from './support/numbers.ts';
import { figuresOf } from './support/server-figures.ts';
import { printTable } from './support/table.ts';

const { values } = readCommandLine(import.meta.filename, {
  quick: { type: 'boolean', default: false },
  nodes: { type: 'string', default: '1,2,4' },
  only: { type: 'string', default: 'chat,group,idle,login' },
  out: { type: 'string', default: 'cluster.json' },
});
const sizes = values.quick
  ? { members: 10_000, online: 400, chats: 200, logins: 400, turns: 1, measureMs: 3000, rateMs: 3000 }
  : { members: 100_000, online: 1000, chats: 200, logins: 1000, turns: 2, measureMs: 5000, rateMs: 5000 };
/** Have to be done before it counts, so that what is measured has been compiled; and the longest that is waited for them. */
const warmUp = { chat: 3000, group: 100, ms: 2000, mostMs: 15_000 };
/** Of the group, at once. */
const senders = 8;
/** Messages a second while lag is measured: a part of what the machine can do. */
const rates = { chat: 100, group: 5 };
/** Next to nothing happens, and CPU is counted in steps of 10 ms. */
const idleMs = 10_000;
const groupID = 'hall';
const scenarios = values.only.split(',') as ClusterRun['scenario'][];

async function main(): Promise<void> {
  await using postgres = await startPostgres();
  await using redis = await startRedis();
  const runs: ClusterRun[] = [];
  let tokens: readonly string[] = [];
  for (const count of values.nodes.split(',').map(Number)) {
    await using cluster = await Cluster.start(count, postgres, redis);
    if (tokens.length === 0) tokens = await setUp(cluster, postgres.url);
    for (const scenario of scenarios) {
      const turns: ClusterRun[] = [];
      for (let turn = 0; turn < sizes.turns; turn += 1) turns.push(...(await measure(cluster, scenario, tokens)));
      for (const alike of Map.groupBy(turns, ({ ratePerSecond }) => ratePerSecond).values()) {
        runs.push(alike.toSorted((a, b) => cpuForOne(a) - cpuForOne(b))[0]!);
      }
    }
  }
  print(runs);
  const [{ model = 'unknown' } = {}] = cpus();
  const at = new Date().toISOString();
  writeClusterResult(values.out, { version: 1, at, machine: { cpus: cpus().length, model }, runs });
  console.log(`\nWritten to ${values.out}: node bench/cluster-model.ts ${values.out}`);
}

/** Of all nodes, for each of what it did. */
function cpuForOne({ cpuSeconds, messages, logins, seconds }: ClusterRun): number {
  return cpuSeconds.nodes.reduce((sum, cpu) => sum + cpu, 0) / (messages + logins || seconds);
}

class Cluster implements AsyncDisposable {
  readonly nodes: readonly TesseraProcess[];
  readonly backEnd: BackEnd;
  readonly #postgres: Service;
  readonly #redis: Service;
  readonly #load: ChildProcess;

  private constructor(nodes: readonly TesseraProcess[], postgres: Service, redis: Service) {
    this.nodes = nodes;
    this.backEnd = new BackEnd(() => nodes[0]!.apiUrl);
    this.#postgres = postgres;
    this.#redis = redis;
    this.#load = startChild(new URL('./support/cluster-load.ts', import.meta.url));
  }

  static async start(count: number, postgres: Service, redis: Service): Promise<Cluster> {
    const env = {
      TESSERA_DATABASE_URL: postgres.url,
      TESSERA_REDIS_URL: redis.url,
      TESSERA_SIGNING_KEYS: 'one-key-for-all-nodes-of-the-bench',
      TESSERA_MAX_GROUP_MEMBERS: '200000',
    };
    const nodes = await Promise.all(Array.from({ length: count }, () => TesseraProcess.start({ env })));
    return new Cluster(nodes, postgres, redis);
  }

  async order<T>(order: ClusterOrder): Promise<T> {
    this.#load.send(order);
    const { result } = await nextMessage<{ result: T }>(this.#load);
    return result;
  }

  /** Of every two neighbours, who talk to each other, each is on any node: so are all pairs of nodes. */
  async connect(tokens: readonly string[]): Promise<void> {
    const count = this.nodes.length;
    const nodes = tokens.map((_, client) => Math.floor((client >> 1) / (client % 2 === 0 ? 1 : count)) % count);
    const urls = tokens.map(
      (token, client) => `${this.nodes[nodes[client]!]!.wsUrl}/?${handshakeQuery(userIDOf(client), token, 'JSON')}`,
    );
    await this.order({ kind: 'connect', urls, nodes });
  }

  async snapshot() {
    const [figures, counts] = await Promise.all([
      Promise.all(this.nodes.map(({ apiUrl }) => figuresOf(apiUrl))),
      this.order<ClusterCounts>({ kind: 'count' }),
    ]);
    const sum = (pick: (figures: Awaited<ReturnType<typeof figuresOf>>) => number) =>
      figures.reduce((all, each) => all + pick(each), 0);
    return {
      atMs: performance.now(),
      counts,
      publications: sum(({ publications }) => publications),
      repairs: sum(({ repairs }) => repairs),
      commits: sum(({ commits }) => commits),
      nodes: this.nodes.map(({ pid }) => cpuSecondsOf(pid)),
      postgres: cpuSecondsOfTree(this.#postgres.pid),
      redis: cpuSecondsOf(this.#redis.pid),
      load: cpuSecondsOf(this.#load.pid ?? 0),
      machine: cpuSecondsOfMachine(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#load.kill();
    // In order, so that their leases end: nobody is to look for them in the next run.
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all(this.nodes.map((node) => node.dispose()));
  }
}

type Snapshot = Awaited<ReturnType<Cluster['snapshot']>>;

/** Registers whoever is online, and makes the group. @returns their tokens */
async function setUp({ backEnd }: Cluster, databaseUrl: string): Promise<string[]> {
  const clients = Math.max(sizes.chats, sizes.online, sizes.logins);
  const userIDs = Array.from({ length: clients }, (_, client) => userIDOf(client));
  for (let from = 0; from < clients; from += 500) await backEnd.register(...userIDs.slice(from, from + 500));
  const tokens: string[] = [];
  for (let from = 0; from < clients; from += 50) {
    const issued = userIDs.slice(from, from + 50).map((userID) => backEnd.userToken(userID));
    tokens.push(...(await Promise.all(issued)));
  }
  await backEnd.call('/group/create_group', {
    groupInfo: { groupID, groupName: groupID, groupType: 2 },
    ownerUserID: userIDs[0],
    memberUserIDs: userIDs.slice(1, sizes.online),
  });
  await addMembers(databaseUrl, sizes.members - sizes.online);
  return tokens;
}

/** Who are never online, by SQL: to invite a hundred thousand takes minutes. */
async function addMembers(databaseUrl: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('BEGIN');
  const away = `SELECT 'away' || i AS id FROM generate_series(1, ${count}) AS i`;
  await client.query(`INSERT INTO users SELECT id, id, '', '', 1, 0, 0 FROM (${away}) AS away`);
  await client.query(
    `INSERT INTO group_members (group_id, user_id, role_level, joined_at, join_source, operator_user_id, inviter_user_id)
     SELECT '${groupID}', id, 20, 1, 2, '', '' FROM (${away}) AS away`,
  );
  await client.query(
    `INSERT INTO conversations (owner_user_id, conversation_id, conversation_type, user_id, group_id, created_at)
     SELECT id, 'sg_${groupID}', 3, '', '${groupID}', 1 FROM (${away}) AS away`,
  );
  await client.query(`UPDATE groups SET member_count = member_count + ${count} WHERE group_id = '${groupID}'`);
  await client.query('COMMIT');
  await client.query('ANALYZE');
  await client.end();
}

async function measure(
  cluster: Cluster,
  scenario: ClusterRun['scenario'],
  tokens: readonly string[],
): Promise<ClusterRun[]> {
  switch (scenario) {
    case 'chat':
      await cluster.connect(tokens.slice(0, sizes.chats));
      return measureSending(cluster, scenario, sizes.chats, { kind: 'chat' });
    case 'group':
      await cluster.connect(tokens.slice(0, sizes.online));
      return measureSending(cluster, scenario, sizes.online, { kind: 'group', groupID, senders });
    case 'idle': {
      await cluster.connect(tokens.slice(0, sizes.online));
      await passed(warmUp.ms);
      const before = await cluster.snapshot();
      await passed(idleMs);
      return [runOf({ scenario, sockets: sizes.online, logins: 0 }, before, await cluster.snapshot())];
    }
    case 'login': {
      await cluster.connect([]);
      await passed(warmUp.ms);
      const before = await cluster.snapshot();
      await cluster.connect(tokens.slice(0, sizes.logins));
      // What follows a login, such as the news for those who watch, is a part of it.
      await passed(1000);
      return [runOf({ scenario, sockets: sizes.logins, logins: sizes.logins }, before, await cluster.snapshot())];
    }
  }
}

async function measureSending(
  cluster: Cluster,
  scenario: 'chat' | 'group',
  sockets: number,
  order: Extract<ClusterOrder, { kind: 'chat' | 'group' }>,
): Promise<ClusterRun[]> {
  const what = { scenario, sockets, logins: 0, ...(scenario === 'group' ? { online: sockets } : {}) };
  await cluster.order(order);
  await warmedUp(cluster, warmUp[scenario]);
  const before = await cluster.snapshot();
  await passed(sizes.measureMs);
  const after = await cluster.snapshot();
  await cluster.order({ kind: 'rest' });
  const ratePerSecond = rates[scenario];
  await cluster.order({ ...order, ratePerSecond });
  const slow = await cluster.snapshot();
  await passed(sizes.rateMs);
  const slowAfter = await cluster.snapshot();
  await cluster.order({ kind: 'rest' });
  const { p50, p99 } = slowAfter.counts.lagMs;
  const lag = cluster.nodes.length === 1 ? {} : { lagMs: { p50, p99 } };
  return [runOf(what, before, after), { ...runOf({ ...what, ratePerSecond }, slow, slowAfter), ...lag }];
}

async function warmedUp(cluster: Cluster, messages: number): Promise<void> {
  const startedAt = performance.now();
  await passed(warmUp.ms);
  while (performance.now() - startedAt < warmUp.mostMs) {
    const { acknowledged } = await cluster.order<ClusterCounts>({ kind: 'count' });
    // Each node is to have its share.
    if (acknowledged >= messages * cluster.nodes.length) return;
    await passed(100);
  }
}

function runOf(
  what: Pick<ClusterRun, 'scenario' | 'sockets' | 'logins' | 'online' | 'ratePerSecond'>,
  before: Snapshot,
  after: Snapshot,
): ClusterRun {
  if (after.counts.errors > 0) throw new Error(`${after.counts.errors} requests were answered with an error`);
  const of = (pick: (snapshot: Snapshot) => number) => pick(after) - pick(before);
  const nodes = after.nodes.map((cpu, node) => cpu - (before.nodes[node] ?? 0));
  const [postgres, redis, load] = [of((each) => each.postgres), of((each) => each.redis), of((each) => each.load)];
  const ours = nodes.reduce((sum, cpu) => sum + cpu, postgres + redis + load);
  return {
    ...what,
    nodes: nodes.length,
    seconds: of(({ atMs }) => atMs) / 1000,
    messages: of(({ counts }) => counts.acknowledged),
    deliveries: of(({ counts }) => counts.deliveries),
    publications: of(({ publications }) => publications),
    repairs: of(({ repairs }) => repairs),
    commits: of(({ commits }) => commits),
    cpuSeconds: { nodes, postgres, redis, load, others: Math.max(0, of(({ machine }) => machine) - ours) },
  };
}

function print(runs: readonly ClusterRun[]): void {
  const micros = (seconds: number, count: number) => (count === 0 ? '' : whole((seconds / count) * 1e6));
  const ratio = (count: number, of: number) => (of === 0 ? '' : (count / of).toFixed(3));
  printTable(
    `Group: ${whole(sizes.members)} members, ${whole(sizes.online)} online, ${senders} senders. CPU in µs for a message, or a login`,
    [
      '',
      'nodes',
      'messages/s',
      'deliveries/s',
      'CPU of a node',
      'of all nodes',
      'of PostgreSQL',
      'of Redis',
      'messages/commit',
      'publications/message',
      'repairs',
      'lag p50',
      'p99 ms',
      "others' cores",
    ],
    runs.map((run) => {
      const { nodes, seconds, messages, logins, cpuSeconds, lagMs } = run;
      const done = messages + logins;
      const all = cpuSeconds.nodes.reduce((sum, cpu) => sum + cpu, 0);
      return [
        run.ratePerSecond === undefined ? run.scenario : `${run.scenario}, ${run.ratePerSecond} a second`,
        whole(nodes),
        messages === 0 ? '' : whole(messages / seconds),
        messages === 0 ? '' : whole(run.deliveries / seconds),
        micros(all / nodes, done),
        micros(all, done),
        micros(cpuSeconds.postgres, done),
        micros(cpuSeconds.redis, done),
        ratio(messages, run.commits),
        ratio(run.publications, messages),
        whole(run.repairs),
        lagMs?.p50.toFixed(1) ?? '',
        lagMs?.p99.toFixed(1) ?? '',
        (cpuSeconds.others / seconds).toFixed(2),
      ];
    }),
  );
}

await main();
