/** A private Redis master with one replica, watched over by one Sentinel, for tests. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireProgram } from './program.ts';
import { type RedisOptions, redisProgram, startRedis } from './redis.ts';
import { redisCommand, redisInfo, untilTrue } from './redis-command.ts';
import { type Service, type ServiceKind, startService } from './service.ts';

const MASTER_NAME = 'tessera';

export interface RedisSentinel extends AsyncDisposable {
  /** For TESSERA_REDIS_URL; names the Sentinel only. */
  readonly url: string;
  readonly sentinel: Service;
  /** The data servers; which of them is the master changes. */
  readonly nodes: readonly Service[];
  /** The master as Sentinel has it at this moment. */
  master(): Promise<Service>;
  /** Makes the replica the master, as an operator would; resolves when the old master follows the new one. */
  failOver(): Promise<void>;
  /** Resolves when Sentinel has made another server than this one the master. */
  untilReplaced(master: Service): Promise<void>;
  /** Resolves when there is a replica that could take over. */
  untilReady(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts all three and waits until a failover is possible. */
export async function startRedisSentinel({ args = [] }: RedisOptions = {}): Promise<RedisSentinel> {
  const started = new AsyncDisposableStack();
  try {
    // Without the delay a replica waits five seconds for others that might come.
    const nodeArgs = ['--repl-diskless-sync-delay', '0', ...args];
    const first = started.use(await startRedis({ args: nodeArgs }));
    const second = started.use(await startRedis({ args: [...nodeArgs, '--replicaof', `127.0.0.1 ${first.port}`] }));
    await untilTrue('the replica follows its master', () => followsMaster(second));
    const sentinel = started.use(await startService(sentinelKind(first.port)));
    await hurry(sentinel);
    const setUp = handle(sentinel, [first, second], () => started.disposeAsync());
    await setUp.untilReady();
    return setUp;
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

function sentinelKind(masterPort: number): ServiceKind {
  return {
    name: 'redis-sentinel',
    prepare: async ({ directory, port }) =>
      writeFile(
        join(directory, 'sentinel.conf'),
        [
          `port ${port}`,
          'bind 127.0.0.1',
          `dir ${directory}`,
          `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${masterPort} 1`,
          `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
          // A failover that found no replica on a busy machine is tried again after twice as long.
          `sentinel failover-timeout ${MASTER_NAME} 3000`,
        ].join('\n'),
      ),
    url: ({ port }) => `redis+sentinel://127.0.0.1:${port}/${MASTER_NAME}`,
    command: ({ directory }) => ({
      file: requireProgram(redisProgram),
      args: [join(directory, 'sentinel.conf'), '--sentinel'],
    }),
    isReady: async ({ port }, pid) => (await redisInfo(port)).process_id === String(pid),
    stopSignal: 'SIGTERM',
    quitSignal: 'SIGKILL',
    leftovers: /Address already in use/,
  };
}

/** Sentinel looks at its servers every ten seconds and waits eight before it corrects one; tests need not. */
async function hurry(sentinel: Service): Promise<void> {
  const periods = ['info-period', '200', 'publish-period', '200'];
  await redisCommand(sentinel.port, 'SENTINEL', 'DEBUG', ...periods);
}

function handle(sentinel: Service, nodes: readonly Service[], stop: () => Promise<void>): RedisSentinel {
  const master = async () => {
    const port = await masterPort(sentinel);
    const found = nodes.find((node) => node.port === port);
    if (found === undefined) throw new Error(`Sentinel names a master at port ${port}, which is none of ours`);
    return found;
  };
  const untilReplaced = (old: Service) =>
    untilTrue('Sentinel has another master', async () => {
      const current = await master();
      return current !== old && (await redisInfo(current.port)).role === 'master';
    });
  const untilReady = () =>
    untilTrue('Sentinel knows a good replica', async () => {
      const current = await master();
      const replica = nodes.find((node) => node !== current);
      return replica !== undefined && (await followsMaster(replica)) && (await knowsGoodReplica(sentinel));
    });
  return {
    url: sentinel.url,
    sentinel,
    nodes,
    master,
    untilReplaced,
    untilReady,
    async failOver() {
      const old = await master();
      await untilTrue('Sentinel starts the failover', async () => {
        await redisCommand(sentinel.port, 'SENTINEL', 'FAILOVER', MASTER_NAME);
        return true;
      });
      await untilReplaced(old);
      await untilReady();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function followsMaster(node: Service): Promise<boolean> {
  const { role, master_link_status } = await redisInfo(node.port);
  return role === 'slave' && master_link_status === 'up';
}

async function masterPort(sentinel: Service): Promise<number> {
  const [, port] = (await redisCommand(sentinel.port, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME)) as string[];
  return Number(port);
}

async function knowsGoodReplica(sentinel: Service): Promise<boolean> {
  const replicas = (await redisCommand(sentinel.port, 'SENTINEL', 'REPLICAS', MASTER_NAME)) as string[][];
  return replicas.some((fields) => {
    const field = (name: string) => fields[fields.indexOf(name) + 1];
    return field('flags') === 'slave' && field('master-link-status') === 'ok';
  });
}
