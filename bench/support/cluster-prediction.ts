/** What a cluster does that was not measured: on the same machine, and with as many users and servers as one likes. */
import { type Costs, cpuFor, nothing, parts, type Work } from './cluster-costs.ts';
import type { ClusterRun } from './cluster-result.ts';

export interface PredictedRun {
  readonly messagesPerSecond: number;
  /** µs of CPU for a message, over all nodes. */
  readonly nodeCpuPerMessage: number;
  readonly publicationsPerMessage: number;
}

/**
 * The same scenario with another number of nodes on the machine of the known runs, where all parts share its cores: as
 * fast as the CPU allows that they get, however much others leave of it.
 * @param known runs of that scenario, at least one
 * @param cores that all parts have together
 */
export function predictRun(known: readonly ClusterRun[], nodes: number, costs: Costs, cores: number): PredictedRun {
  const batch = batchFor(known, nodes);
  const publications = publicationsFor(known, nodes, batch);
  const deliveries = mean(known.map((run) => run.deliveries / run.messages));
  const online = known[0]?.online;
  const work: Work = {
    messages: 1,
    deliveries,
    writes: online === undefined ? deliveries : Math.min(deliveries, online / batch),
    publications,
    commits: 1 / batch,
    lookups: nodes > 1 ? 1 : 0,
    logins: 0,
    pulses: 0,
    nodeSeconds: 0,
  };
  const perMessage = parts.reduce((sum, part) => sum + cpuFor(work, costs, part), 0);
  const nodeCpu = cpuFor(work, costs, 'node');
  const standing = { ...nothing, pulses: nodes * (nodes - 1), nodeSeconds: nodes };
  const standingCores = parts.reduce((sum, part) => sum + cpuFor(standing, costs, part), 0);
  const messagesPerSecond = (cores - standingCores) / perMessage;
  return {
    messagesPerSecond,
    nodeCpuPerMessage: (nodeCpu + cpuFor(standing, costs, 'node') / messagesPerSecond) * 1e6,
    publicationsPerMessage: publications,
  };
}

/**
 * Messages that share a commit: one, and those that have come to the same node meanwhile, who become fewer as senders are
 * divided among more nodes.
 */
function batchFor(known: readonly ClusterRun[], nodes: number): number {
  const nearest = known.toSorted((a, b) => Math.abs(a.nodes - nodes) - Math.abs(b.nodes - nodes))[0];
  if (nearest === undefined) throw new Error('no run to go by');
  const batch = nearest.messages / Math.max(1, nearest.commits);
  return 1 + ((batch - 1) * nearest.nodes) / nodes;
}

/** For each message; what is measured goes before what the batches say. */
function publicationsFor(known: readonly ClusterRun[], nodes: number, batch: number): number {
  const several = known.filter((run) => run.nodes > 1);
  const ratios = several.map((run) => {
    const expected = expectedPublications(run.nodes, run.messages / Math.max(1, run.commits), receiversOf(run));
    return run.publications / run.messages / expected;
  });
  const factor = ratios.length === 0 ? 1 : mean(ratios);
  return factor * expectedPublications(nodes, batch, receiversOf(known[0]));
}

function receiversOf(run: ClusterRun | undefined): number {
  return run?.online ?? 1;
}

/** For each message of a batch, each of whose receivers is on any of the nodes: one for every other node concerned. */
export function expectedPublications(nodes: number, batch: number, receivers: number): number {
  return ((nodes - 1) * (1 - (1 - 1 / nodes) ** (batch * receivers))) / batch;
}

/** How much users do. */
export interface Habits {
  /** Seconds between two messages of somebody who is online. */
  readonly secondsPerMessage: number;
  /** Of all messages; the rest are single chats. */
  readonly groupShare: number;
  /** Members of a group who are online. */
  readonly online: number;
  /** Seconds from login to logout. */
  readonly sessionSeconds: number;
}

export interface Servers {
  /** Of its one thread, or of all cores of a database, that is to be used at most. */
  readonly load: number;
  readonly socketsPerNode: number;
  readonly postgresCores: number;
  /** Bytes a second that Redis can send over its network. */
  readonly redisBytes: number;
  /** Of a message, as it goes to another node. */
  readonly messageBytes: number;
  /** How long messages wait for those that share their commit. */
  readonly commitSeconds: number;
}

export interface Need {
  readonly nodes: number;
  readonly messagesPerSecond: number;
  /** Cores that the database works with, and how many servers of `postgresCores` that makes. */
  readonly postgresCores: number;
  readonly postgres: number;
  /** Of one Redis thread: what tells nodes of messages, the pulses of every pair of nodes, and who is where. */
  readonly pubsub: number;
  readonly pulses: number;
  readonly presence: number;
  /** Of the network of one Redis. */
  readonly wire: number;
}

/** Where more of them only have more to tell each other. */
export const mostNodes = 1e6;
/** Of one cluster, beyond which users are divided among several. */
const nodesPerCluster = 1000;

/** Equal clusters, each of at most {@link nodesPerCluster} nodes, and what one of them needs. */
export interface Plan {
  readonly clusters: number;
  readonly each: Need;
}

/** As few clusters as hold so many sockets. */
export function planOf(sockets: number, habits: Habits, servers: Servers, costs: Costs): Plan {
  for (let clusters = 1; ; clusters += 1) {
    const each = needOf(sockets / clusters, habits, servers, costs);
    if (each.nodes <= nodesPerCluster) return { clusters, each };
  }
}

/** What so many open sockets need, each of another user. */
export function needOf(sockets: number, habits: Habits, servers: Servers, costs: Costs): Need {
  const socketNodes = Math.ceil(sockets / servers.socketsPerNode);
  // Each node more is one more to tell, and one more that tells: up to where one more brings nothing.
  let nodes = Math.max(2, socketNodes);
  for (let tries = 0; tries < 200; tries += 1) {
    const wanted = Math.max(
      2,
      socketNodes,
      Math.ceil(nodeCores(sockets, nodes, habits, servers, costs) / servers.load),
    );
    if (wanted <= nodes || nodes === mostNodes) break;
    nodes = Math.min(wanted, mostNodes);
  }
  const work = workFor(sockets, nodes, habits, servers);
  const redis = (only: Partial<Work>) => cpuFor({ ...nothing, ...only }, costs, 'redis');
  const postgresCores = cpuFor(work, costs, 'postgres');
  return {
    nodes,
    messagesPerSecond: work.messages,
    postgresCores,
    postgres: Math.ceil(postgresCores / (servers.postgresCores * servers.load)),
    pubsub: redis({ publications: work.publications }),
    pulses: redis({ pulses: work.pulses, nodeSeconds: work.nodeSeconds }),
    presence: redis({ lookups: work.lookups, logins: work.logins }),
    wire: (nodesPerMessage(nodes, habits) * work.messages * servers.messageBytes) / servers.redisBytes,
  };
}

function nodeCores(sockets: number, nodes: number, habits: Habits, servers: Servers, costs: Costs): number {
  return cpuFor(workFor(sockets, nodes, habits, servers), costs, 'node');
}

/** Of a second. */
function workFor(sockets: number, nodes: number, habits: Habits, servers: Servers): Work {
  const messages = sockets / habits.secondsPerMessage;
  const batch = Math.max(1, (messages / nodes) * servers.commitSeconds);
  const { groupShare, online } = habits;
  const deliveries = messages * ((1 - groupShare) * 2 + groupShare * online);
  return {
    messages,
    // A single chat goes to its receiver and back to its sender.
    deliveries,
    // Those whom two messages of one commit are for are few.
    writes: deliveries,
    publications: messages * expectedPublications(nodes, batch, (1 - groupShare) * 1 + groupShare * (online - 1)),
    commits: messages / batch,
    lookups: messages,
    logins: sockets / habits.sessionSeconds,
    pulses: nodes * (nodes - 1),
    nodeSeconds: nodes,
  };
}

/** Other nodes that hold somebody whom it is for. */
function nodesPerMessage(nodes: number, { groupShare, online }: Habits): number {
  const held = (receivers: number) => (nodes - 1) * (1 - (1 - 1 / nodes) ** receivers);
  return (1 - groupShare) * held(1) + groupShare * held(online - 1);
}

function mean(all: readonly number[]): number {
  return all.reduce((sum, each) => sum + each, 0) / all.length;
}
