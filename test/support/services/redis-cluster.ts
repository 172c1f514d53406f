/** A private Redis Cluster of three masters for tests. */
import { freePort } from './free-port.ts';
import { type RedisOptions, startRedis } from './redis.ts';
import { fieldsOf, redisCommand, redisInfo, untilTrue } from './redis-command.ts';
import type { Service } from './service.ts';

const SLOTS = 16_384;
const MASTERS = 3;

export interface RedisClusterOptions extends RedisOptions {
  /** Also starts a replica of the first master. */
  readonly withReplica?: boolean;
}

export interface RedisCluster extends AsyncDisposable {
  /** For TESSERA_REDIS_URL; names every master that the Cluster began with. */
  readonly url: string;
  /** The masters that the Cluster began with, each with a third of the slots. */
  readonly masters: readonly Service[];
  /** Of the first master. Undefined without `withReplica`. */
  readonly replica: Service | undefined;
  slotOf(key: string): Promise<number>;
  /** The server that holds the key's slot, by the word of the first one that answers. */
  ownerOf(key: string): Promise<Service>;
  /** Resolves when `follower` is a replica of `master`, and knows all that it knows. */
  untilFollows(follower: Service, master: Service): Promise<void>;
  /** Begins to move a slot, both ends told; its keys are still where they were. */
  beginMove(slot: number, from: Service, to: Service): Promise<void>;
  /** Moves the slot's keys. */
  moveKeys(slot: number, from: Service, to: Service): Promise<void>;
  /** Ends the move: every server knows the new owner. */
  endMove(slot: number, to: Service): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the servers, joins them, and waits until each of them finds the Cluster complete. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const started = new AsyncDisposableStack();
  try {
    const names = Array.from({ length: MASTERS + (options.withReplica === true ? 1 : 0) }, (_, i) => i);
    const nodes = await Promise.all(names.map(async () => started.use(await startNode(options))));
    const masters = nodes.slice(0, MASTERS);
    const replica = nodes[MASTERS];
    await join(masters, nodes);
    if (replica !== undefined) await follow(replica, masters[0]!);
    return handle(masters, replica, () => started.disposeAsync());
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

async function startNode({ args = [] }: RedisOptions): Promise<Service> {
  const settings = {
    'cluster-enabled': 'yes',
    'cluster-config-file': 'nodes.conf',
    'cluster-port': String(await freePort()),
    'cluster-node-timeout': '3000',
    'repl-diskless-sync-delay': '0',
  };
  return startRedis({ args: [...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]), ...args] });
}

async function join(masters: readonly Service[], nodes: readonly Service[]): Promise<void> {
  const share = Math.ceil(SLOTS / masters.length);
  for (const [i, { port }] of nodes.entries()) {
    // Distinct epochs, or the nodes would have to settle who is older.
    await redisCommand(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
    if (i >= masters.length) continue;
    const last = Math.min((i + 1) * share, SLOTS) - 1;
    await redisCommand(port, 'CLUSTER', 'ADDSLOTSRANGE', String(i * share), String(last));
  }
  for (const { port } of nodes.slice(1)) {
    const busPort = await setting(port, 'cluster-port');
    await redisCommand(nodes[0]!.port, 'CLUSTER', 'MEET', '127.0.0.1', String(port), busPort);
  }
  // One after the other: while the first does not, nobody needs to ask the others.
  for (const { port } of nodes) {
    await untilTrue('every server finds the Cluster complete', async () => {
      const { cluster_state, cluster_slots_ok, cluster_known_nodes } = fieldsOf(
        String(await redisCommand(port, 'CLUSTER', 'INFO')),
      );
      return (
        cluster_state === 'ok' && cluster_slots_ok === String(SLOTS) && cluster_known_nodes === String(nodes.length)
      );
    });
  }
}

async function follow(replica: Service, master: Service): Promise<void> {
  const id = await idOf(master);
  await redisCommand(replica.port, 'CLUSTER', 'REPLICATE', id);
  await untilFollows(replica, master);
}

async function untilFollows(follower: Service, master: Service): Promise<void> {
  const id = await idOf(master);
  await untilTrue('the replica follows its master', async () => {
    const { role, master_link_status, master_port } = await redisInfo(follower.port);
    if (role !== 'slave' || master_link_status !== 'up' || master_port !== String(master.port)) return false;
    const replicas = (await redisCommand(master.port, 'CLUSTER', 'REPLICAS', id)) as string[];
    return replicas.some((line) => line.includes(`:${follower.port}@`) && !line.includes('fail'));
  });
}

function handle(masters: readonly Service[], replica: Service | undefined, stop: () => Promise<void>): RedisCluster {
  const nodes = replica === undefined ? masters : [...masters, replica];
  const firstAnswer = (...args: readonly string[]) => Promise.any(nodes.map(({ port }) => redisCommand(port, ...args)));
  const slotOf = async (key: string) => Number(await firstAnswer('CLUSTER', 'KEYSLOT', key));
  const setSlot = async (on: Service, slot: number, ...args: readonly string[]) => {
    await redisCommand(on.port, 'CLUSTER', 'SETSLOT', String(slot), ...args);
  };
  return {
    url: `redis+cluster://${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    masters,
    replica,
    slotOf,
    untilFollows,
    async ownerOf(key) {
      const slot = await slotOf(key);
      const ranges = (await firstAnswer('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
      const range = ranges.find(([first, last]) => first <= slot && slot <= last);
      const owner = nodes.find(({ port }) => port === range?.[2][1]);
      if (owner === undefined) throw new Error(`nobody holds slot ${slot}`);
      return owner;
    },
    async beginMove(slot, from, to) {
      await setSlot(to, slot, 'IMPORTING', await idOf(from));
      await setSlot(from, slot, 'MIGRATING', await idOf(to));
    },
    async moveKeys(slot, from, to) {
      const keys = (await redisCommand(from.port, 'CLUSTER', 'GETKEYSINSLOT', String(slot), '10000')) as string[];
      if (keys.length === 0) return;
      const target = ['127.0.0.1', String(to.port), '', '0', '5000'];
      await redisCommand(from.port, 'MIGRATE', ...target, 'KEYS', ...keys);
    },
    async endMove(slot, to) {
      const id = await idOf(to);
      // The new owner first, or the slot would be nobody's in between.
      for (const node of [to, ...masters.filter((master) => master !== to)]) await setSlot(node, slot, 'NODE', id);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function idOf(node: Service): Promise<string> {
  return String(await redisCommand(node.port, 'CLUSTER', 'MYID'));
}

async function setting(port: number, name: string): Promise<string> {
  const [, value] = (await redisCommand(port, 'CONFIG', 'GET', name)) as string[];
  return value ?? '';
}
