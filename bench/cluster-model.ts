/**
 * What larger clusters do, from what bench/cluster measured on this machine: first one, two and four nodes, predicted from
 * the runs of one and two and held to what was measured; then what 10,000 to 100 million open sockets need, and where
 * Redis, PostgreSQL and the fan-out between nodes come to their end.
 *
 *   node bench/cluster.ts --out cluster.json
 *   node bench/cluster-model.ts cluster.json [--message-every 100] [--group-share 0.5] [--online 20] [--session 1800]
 *
 *   --message-every  seconds between two messages of somebody who is online
 *   --group-share    of all messages, those to groups
 *   --online         members of a group who are online
 *   --session        seconds from login to logout
 *
 * Ends with 1 if a prediction for this machine is more than a quarter off.
 */
import { type Costs, cpuFor, cpuOf, fitCosts, nothing, parts } from './support/cluster-costs.ts';
import {
  expectedPublications,
  mostNodes,
  needOf,
  planOf,
  predictRun,
  type Servers,
} from './support/cluster-prediction.ts';
import { type ClusterRun, readClusterResult } from './support/cluster-result.ts';
import { readCommandLine } from './support/command-line.ts';
import { whole } from './support/numbers.ts';
import { printTable } from './support/table.ts';

const { values, positionals } = readCommandLine(
  import.meta.filename,
  {
    'message-every': { type: 'string', default: '100' },
    'group-share': { type: 'string', default: '0.5' },
    online: { type: 'string', default: '20' },
    session: { type: 'string', default: '1800' },
  },
  1,
);
const [path = ''] = positionals;
if (path === '') throw new Error('name the file that bench/cluster.ts has written');

const habits = {
  secondsPerMessage: Number(values['message-every']),
  groupShare: Number(values['group-share']),
  online: Number(values.online),
  sessionSeconds: Number(values.session),
};
/** Taken for what was not measured: µs of CPU, from single measurements of like commands. */
const assumed: Costs = {
  node: { logins: 2000, pulses: 20, publications: 150 },
  postgres: { logins: 300 },
  redis: { logins: 60, pulses: 10, lookups: 5, publications: 10 },
  load: {},
};
const servers: Servers = {
  load: 0.6,
  socketsPerNode: 50_000,
  postgresCores: 32,
  redisBytes: 1.25e9,
  messageBytes: 600,
  commitSeconds: 0.005,
};
/** What a prediction may be off. */
const tolerance = 0.25;
/** Predictions are made from runs on so many nodes at most. */
const knownNodes = 2;

const { machine, at, runs } = readClusterResult(path);
const known = runs.filter(({ nodes }) => nodes <= knownNodes);
const costs = fitCosts(known, assumed);
console.log(`Measured on ${machine.cpus} CPUs (${machine.model}), ${at}.`);
printCosts();
const worst = comparePredictions();
printNeeds();
printEnds();
if (worst > tolerance) {
  console.error(`\nThe worst prediction is ${Math.round(worst * 100)} % off: it may be ${tolerance * 100} %.`);
  process.exitCode = 1;
}

function printCosts(): void {
  const kinds = [
    'messages',
    'deliveries',
    'writes',
    'commits',
    'publications',
    'lookups',
    'logins',
    'pulses',
    'nodeSeconds',
  ] as const;
  printTable(
    `µs of CPU for each, from the runs on 1 to ${knownNodes} nodes; * assumed, since they do not show it`,
    ['', ...kinds],
    parts.map((part) => [
      part,
      ...kinds.map((kind) => {
        const cost = costs[part][kind];
        return cost === undefined ? '' : `${cost.toFixed(1)}${cost === assumed[part][kind] ? '*' : ''}`;
      }),
    ]),
  );
}

/** @returns the worst error, as a share of what was measured */
function comparePredictions(): number {
  let worstError = 0;
  const rows = runs.filter(isAtFullSpeed).map((run) => {
    const ofScenario = known.filter((each) => each.scenario === run.scenario && isAtFullSpeed(each));
    const predicted = predictRun(ofScenario, run.nodes, costs, coresOf(run));
    const rate = run.messages / run.seconds;
    const error = predicted.messagesPerSecond / rate - 1;
    worstError = Math.max(worstError, Math.abs(error));
    return [
      `${run.scenario}, ${run.nodes} ${run.nodes === 1 ? 'node' : 'nodes'}${run.nodes > knownNodes ? ' (not fitted)' : ''}`,
      whole(rate),
      whole(predicted.messagesPerSecond),
      `${(error * 100).toFixed(0)} %`,
      nodeCpuPerMessage(run).toFixed(0),
      predicted.nodeCpuPerMessage.toFixed(0),
      (run.publications / run.messages).toFixed(3),
      predicted.publicationsPerMessage.toFixed(3),
    ];
  });
  printTable(
    'This machine, all parts on its cores: measured and predicted',
    ['', 'messages/s', 'predicted', 'off', 'node µs/message', 'predicted', 'publications/message', 'predicted'],
    rows,
  );
  return worstError;
}

/** What goes at a rate only tells costs: its commits are small. */
function isAtFullSpeed({ messages, ratePerSecond }: ClusterRun): boolean {
  return messages > 0 && ratePerSecond === undefined;
}

/** All parts together. */
function coresOf(run: ClusterRun): number {
  return parts.reduce((sum, part) => sum + cpuOf(run, part), 0) / run.seconds;
}

function nodeCpuPerMessage({ cpuSeconds, messages }: ClusterRun): number {
  return (cpuSeconds.nodes.reduce((sum, each) => sum + each, 0) / messages) * 1e6;
}

function printNeeds(): void {
  const share = (value: number) => `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
  printTable(
    `What sockets need: each sends every ${habits.secondsPerMessage} s, ${habits.groupShare * 100} % to groups with ` +
      `${habits.online} online; parts at ${servers.load * 100} % at most, ${whole(servers.socketsPerNode)} sockets a node`,
    ['sockets', 'clusters', 'of nodes', 'database cores', 'of 32 cores', 'pub/sub', 'pulses', 'presence', 'network'],
    [1e4, 1e5, 1e6, 1e7, 1e8].map((sockets) => {
      const { clusters, each: need } = planOf(sockets, habits, servers, costs);
      return [
        whole(sockets),
        whole(clusters),
        whole(need.nodes),
        need.postgresCores.toFixed(1),
        `${need.postgres} x`,
        share(need.pubsub),
        share(need.pulses),
        share(need.presence),
        share(need.wire),
      ];
    }),
  );
  console.log(
    'Of each cluster. Pub/sub, pulses and presence: of the thread of one Redis. Network: of 10 Gbit/s of one Redis.',
  );
}

interface End {
  readonly what: string;
  /** 1 at its end. */
  readonly used: (sockets: number) => number;
  readonly remedy: string;
}

function printEnds(): void {
  const need = (sockets: number) => needOf(sockets, habits, servers, costs);
  const ends: readonly End[] = [
    {
      what: 'one PostgreSQL of 32 cores',
      used: (n) => need(n).postgresCores / servers.postgresCores / servers.load,
      remedy: 'conversations are independent logs: partition the tables, then a database for each share of them',
    },
    {
      what: 'one Redis for everything',
      used: (n) => (need(n).pubsub + need(n).pulses + need(n).presence) / servers.load,
      remedy: 'a second Redis for presence; both may be Clusters, since no command crosses slots',
    },
    {
      what: 'one Redis for pub/sub alone',
      used: (n) => (need(n).pubsub + need(n).pulses) / servers.load,
      remedy: 'a channel for each node is a key for sharded pub/sub: masters share the nodes',
    },
    {
      what: 'pulses of every pair of nodes',
      used: (n) => need(n).pulses / servers.load,
      remedy: 'all hear one channel: a publication for each node a second instead of one for each pair',
    },
    {
      what: 'the network of one Redis',
      used: (n) => need(n).wire / servers.load,
      remedy: 'sharded pub/sub; bodies by reference to what is read once for each node',
    },
    {
      what: '1,000 nodes',
      used: (n) => need(n).nodes / 1000,
      remedy: 'cells: several clusters, users bound to one, and a bridge between them',
    },
  ];
  printTable(
    'Where it ends, and what is done about it',
    ['', 'sockets', 'nodes then', 'messages/s then', 'needed at 100 million'],
    ends.map(({ what, used }) => {
      const sockets = socketsAt(used);
      // Where nodes do little but tell each other that they are there.
      const atLast = need(1e8).nodes < mostNodes ? `${used(1e8).toFixed(1)} x` : 'not in one cluster';
      if (sockets === undefined) return [what, 'beyond 1,000 million', '', '', atLast];
      const then = need(sockets);
      return [what, whole(sockets), whole(then.nodes), whole(then.messagesPerSecond), atLast];
    }),
  );
  for (const { what, remedy } of ends) console.log(`${what}: ${remedy}.`);
  const spread = expectedPublications(1000, 1, habits.online - 1);
  console.log(
    `Fan-out: on 1,000 nodes the ${habits.online} members of a group are on ${spread.toFixed(1)} of them; nodes pay ` +
      `${costs.node.publications?.toFixed(0)} µs for each (${shareOfPublications(spread)} of what such a message costs them).`,
  );
}

/** What the publications of a message to a group are of all that it costs the nodes. */
function shareOfPublications(publications: number): string {
  const message = { ...nothing, messages: 1, deliveries: habits.online };
  const all = cpuFor({ ...message, publications }, costs, 'node');
  return `${Math.round((1 - cpuFor(message, costs, 'node') / all) * 100)} %`;
}

/** By halving; undefined if a thousand million do not fill it. */
function socketsAt(used: (sockets: number) => number): number | undefined {
  let [low, high] = [1000, 1e9];
  if (used(high) < 1) return undefined;
  for (let round = 0; round < 50; round += 1) {
    const middle = Math.sqrt(low * high);
    if (used(middle) < 1) low = middle;
    else high = middle;
  }
  return Number(high.toPrecision(2));
}
