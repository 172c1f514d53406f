/** What may happen to a cluster: each breaks something under traffic, and resolves when nothing is broken any more. */
import { setTimeout as passed } from 'node:timers/promises';
import { promotePostgres } from '../services/postgres.ts';
import { redisCommand } from '../services/redis-command.ts';
import type { TcpProxy } from '../tcp-proxy.ts';
import type { FaultStage, StageName } from './fault-stage.ts';
import type { ClusterNode } from './node-cluster.ts';

export interface Faulty {
  readonly stage: FaultStage;
  /** 0 up to, not including, 1; the same again for the same seed. */
  readonly random: () => number;
}

type Fault = (faulty: Faulty) => Promise<void>;

const onSingleStores = {
  /** For comparison. */
  nothing: () => passed(4000),

  'kill -9 of a node': async (faulty) => {
    const { process } = anyNode(faulty);
    await process.kill();
    await passed(between(faulty, 500, 4000));
    await process.start();
  },

  'a node stands still for 10 s': async (faulty) => {
    const { pid } = anyNode(faulty).process;
    process.kill(pid, 'SIGSTOP');
    await passed(10_000);
    process.kill(pid, 'SIGCONT');
  },

  /** Others have buried it, and its users are offline for them. */
  'a node stands still for longer than a lease': async (faulty) => {
    const { pid } = anyNode(faulty).process;
    process.kill(pid, 'SIGSTOP');
    await passed(15_000);
    process.kill(pid, 'SIGCONT');
  },

  'a node is cut off from Redis': async (faulty) => {
    const { redis } = anyNode(faulty);
    // Longer than a lease.
    await cutOff(redis, faulty, between(faulty, 13_000, 16_000));
  },

  'a node is cut off from PostgreSQL': async (faulty) => {
    const { postgres } = anyNode(faulty);
    await cutOff(postgres, faulty, between(faulty, 4000, 9000));
  },

  'Redis is killed': async (faulty) => {
    await faulty.stage.redis?.kill();
    await passed(between(faulty, 500, 5000));
    await faulty.stage.redis?.restart();
  },

  /** Tokens that it held are gone: those that nothing has ended are taken in again, the others stay ended. */
  'Redis is flushed': async ({ stage }) => {
    await redisCommand(stage.redis?.port ?? 0, 'FLUSHALL');
  },

  'Redis stands still': async (faulty) => {
    const pid = faulty.stage.redis?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    await passed(between(faulty, 3000, 9000));
    process.kill(pid, 'SIGCONT');
  },

  'every node is restarted in turn': async ({ stage }) => {
    for (const { process } of stage.cluster.nodes) {
      await process.stop();
      await process.start();
    }
  },
} satisfies Readonly<Record<string, Fault>>;

const elsewhere = {
  /** Once: there is no other standby. */
  'the primary of PostgreSQL is killed': async ({ stage }) => {
    const { postgres, standby, cluster } = stage;
    if (standby === undefined) throw new Error('there is no standby');
    await postgres.kill();
    await passed(1000);
    await promotePostgres(standby);
    stage.databaseUrl = standby.url;
    for (const node of cluster.nodes) node.postgres?.turnTo(standby.url);
  },

  'the master of Redis is killed': async ({ stage: { sentinel } }) => {
    if (sentinel === undefined) throw new Error('there is no Sentinel');
    const master = await sentinel.master();
    await master.kill();
    await sentinel.untilReplaced(master);
    await master.restart();
    await sentinel.untilReady();
  },

  'slots of Redis move': async ({ stage: { redisCluster }, random }) => {
    if (redisCluster === undefined) throw new Error('there is no Redis Cluster');
    const from = await redisCluster.ownerOf('tessera:{nodes}:leases');
    const to = redisCluster.masters.find((master) => master !== from)!;
    // That of the nodes' leases, and some in which users are.
    const slots = [await redisCluster.slotOf('tessera:{nodes}:leases'), ...(await slotsWithKeys(from.port, 60))];
    for (const slot of new Set(slots)) {
      await redisCluster.beginMove(slot, from, to);
      await passed(random() * 100);
      await redisCluster.moveKeys(slot, from, to);
      await passed(random() * 50);
      await redisCluster.endMove(slot, to);
    }
  },

  'clocks are 5 s apart': () => passed(6000),
  'ten nodes start at once': () => passed(3000),
} satisfies Readonly<Record<string, Fault>>;

export const faults: Readonly<Record<FaultName, Fault>> = { ...onSingleStores, ...elsewhere };

export type FaultName = keyof typeof onSingleStores | keyof typeof elsewhere;

export function stageOf(fault: FaultName): StageName {
  switch (fault) {
    case 'the primary of PostgreSQL is killed':
      return 'a standby of PostgreSQL';
    case 'the master of Redis is killed':
      return 'a Redis with Sentinel';
    case 'slots of Redis move':
      return 'a Redis Cluster';
    case 'clocks are 5 s apart':
      return 'clocks that are apart';
    case 'ten nodes start at once':
      return 'ten nodes that start at once';
    default:
      return 'single stores';
  }
}

/** Some of the slots of a server that have keys. */
async function slotsWithKeys(port: number, most: number): Promise<number[]> {
  const slots = new Set<number>();
  let cursor = '0';
  do {
    const [next, keys] = (await redisCommand(port, 'SCAN', cursor, 'COUNT', '500')) as [string, string[]];
    cursor = next;
    for (const key of keys) slots.add(Number(await redisCommand(port, 'CLUSTER', 'KEYSLOT', key)));
  } while (cursor !== '0' && slots.size < most);
  return [...slots].slice(0, most);
}

function anyNode({ stage, random }: Faulty): ClusterNode {
  const { nodes } = stage.cluster;
  return nodes[Math.floor(random() * nodes.length)]!;
}

function between({ random }: Faulty, leastMs: number, mostMs: number): number {
  return leastMs + random() * (mostMs - leastMs);
}

/** Half of the times by refusing connections, else in silence: what is sent is lost, and nobody is told. */
async function cutOff(proxy: TcpProxy | undefined, { random }: Faulty, forMs: number): Promise<void> {
  if (proxy === undefined) throw new Error('this cluster has no proxies');
  if (random() < 0.5) {
    proxy.isClosed = true;
    proxy.cutAll();
  } else proxy.watch = () => false;
  await passed(forMs);
  proxy.isClosed = false;
  proxy.watch = () => true;
  proxy.cutAll();
}
