/**
 * Whether Redis still is the one that it was: a server that has been restarted, replaced by a replica or flushed may
 * have forgotten what it was told. Each run of a server has an ID; a key names the ones that know everything.
 */
import type { TokenEnd } from '../../tokens/token-end-store.ts';
import type { KnownToStore, MemoryLook, StoreMemory } from '../../tokens/token-store-memory.ts';
import type { RedisClient, RedisNode } from '../client/client.ts';
import { readInfo } from '../client/server-info.ts';
import { knownEnds } from './known-ends.ts';
import { loadScript } from './load-script.ts';
import { memoryKey, replacedKey, tokenKeyPrefix, tokenSetKeys } from './token-keys.ts';
import { formatToken } from './token-value.ts';

export class RedisMemory implements StoreMemory {
  readonly #redis: RedisClient;
  readonly #clock: () => number;
  readonly #restoreEnds = loadScript('tokens/scripts/restore-ends.lua');

  /** @param clock Unix ms */
  constructor(redis: RedisClient, clock: () => number) {
    this.#redis = redis;
    this.#clock = clock;
  }

  async look(): Promise<MemoryLook> {
    const masters = await this.#redis.masters();
    const [knowing, ...servers] = await Promise.all([this.#redis.get(memoryKey), ...masters.map(lookAt)]);
    const runIDs = servers.map(({ runID }) => runID).sort();
    const identity = runIDs.includes(unshown) ? undefined : runIDs.join(',');
    return {
      identity,
      knowsAll: knowing === (identity ?? unshown),
      isUntold: knowing === null,
      mayEvict: worstOf(servers.map(({ mayEvict }) => mayEvict)),
      mayLose: worstOf(servers.map(({ mayLose }) => mayLose)),
    };
  }

  async confirm({ identity, isUntold }: MemoryLook): Promise<void> {
    // Before the other: who sees that everything is known there finds it.
    if (!isUntold) await this.#redis.command(replacedKey, ['SET', replacedKey, String(this.#clock())]);
    await this.#redis.command(memoryKey, ['SET', memoryKey, identity ?? unshown]);
  }

  async restore(userID: string, ends: readonly TokenEnd[]): Promise<number> {
    const tokens = ends.flatMap((end) => [
      end.jti,
      formatToken({ ...end, deviceName: '', lastSeenAt: 0 }),
      String(end.expiresAt),
    ]);
    const args = [tokenKeyPrefix(userID), userID, ...tokens];
    return Number(await this.#redis.evalScript(this.#restoreEnds, tokenSetKeys(userID), args));
  }

  knownEnds(): AsyncIterable<KnownToStore> {
    return knownEnds(this.#redis);
  }
}

/** In the place of a run ID, for a server that keeps it to itself. */
const unshown = 'unshown';

interface ServerLook {
  /** Or {@link unshown}. */
  readonly runID: string;
  readonly mayEvict: boolean | undefined;
  readonly mayLose: boolean | undefined;
}

async function lookAt(master: RedisNode): Promise<ServerLook> {
  const info = await readInfo((args) => master.command(args), ['server', 'memory', 'persistence']);
  const policy = info.get('maxmemory_policy');
  const appends = info.get('aof_enabled');
  return {
    runID: info.get('run_id') ?? unshown,
    mayEvict: policy === undefined ? undefined : policy !== 'noeviction' && info.get('maxmemory') !== '0',
    mayLose: appends === undefined ? undefined : appends !== '1',
  };
}

/** True before unknown before false. */
function worstOf(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}
