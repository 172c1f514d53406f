/** Whether each Redis master keeps what it is given, as long as it was told to. */
import type { RedisClient, RedisNode } from '../../redis/client/client.ts';
import { readInfo, type ServerInfo } from '../../redis/client/server-info.ts';
import { advice, type Finding, ok, problem } from './finding.ts';
import { checkLatency, latencyOf } from './latency.ts';

/** @param clock Unix ms */
export async function checkRedis(redis: RedisClient, clock: () => number): Promise<Finding[]> {
  const masters = await redis.masters();
  const findings = await Promise.all(masters.map((master) => checkMaster(master, clock)));
  return findings.flat();
}

async function checkMaster(master: RedisNode, clock: () => number): Promise<Finding[]> {
  const info = await readInfo((args) => master.command(args), infoSections);
  const subject = (what: string) => `Redis ${master.address}: ${what}`;
  return [
    checkVersion(subject('version'), info),
    checkEviction(subject('eviction'), info),
    checkPersistence(subject('persistence'), info, await readSetting(master, 'save')),
    checkReplication(subject('replication'), info, await readSetting(master, 'min-replicas-to-write')),
    await checkClock(subject('clock'), master, clock),
    checkLatency(subject('latency'), await latencyOf(() => master.command(['TIME']))),
  ];
}

const infoSections = ['server', 'memory', 'persistence', 'stats', 'replication'] as const;

function checkVersion(subject: string, info: ServerInfo): Finding {
  const version = info.get('redis_version') ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 6 || (major === 6 && minor >= 2)) return ok(subject, version);
  return problem(subject, `${version} lacks commands that tokens need`, 'upgrade to Redis 6.2 or later, or to Valkey');
}

function checkEviction(subject: string, info: ServerInfo): Finding {
  const policy = info.get('maxmemory_policy');
  const evicted = Number(info.get('evicted_keys') ?? 0);
  const remedy = 'set maxmemory-policy noeviction, and give Tessera a Redis of its own or enough memory';
  if (evicted > 0) {
    return problem(
      subject,
      `${evicted} keys have been evicted: users whose tokens were among them are logged out`,
      remedy,
    );
  }
  if (policy === undefined) return advice(subject, 'not shown by this Redis: whether it evicts is unknown', remedy);
  if (policy === 'noeviction') return ok(subject, 'never: writes fail when memory is full');
  const isLimited = Number(info.get('maxmemory') ?? 0) > 0;
  const text = `maxmemory-policy is ${policy}: when memory is full, tokens are thrown away`;
  return isLimited ? problem(subject, text, remedy) : advice(subject, `${text}; no limit is set yet`, remedy);
}

function checkPersistence(subject: string, info: ServerInfo, save: string | undefined): Finding {
  if (info.get('aof_enabled') === '1') {
    return info.get('aof_last_write_status') === 'err'
      ? problem(subject, 'the last write of the append-only file failed', 'make room on its disk and look at its log')
      : ok(subject, 'append-only file');
  }
  const remedy = 'set appendonly yes, with appendfsync everysec or always';
  if (!info.has('aof_enabled')) return advice(subject, 'not shown by this Redis: unknown', remedy);
  if (save === '') {
    return problem(subject, 'none: a restart of Redis logs everybody out', remedy);
  }
  return advice(subject, 'snapshots only: a crash of Redis loses the logins since the last one', remedy);
}

function checkReplication(subject: string, info: ServerInfo, minReplicas: string | undefined): Finding {
  const replicas = Number(info.get('connected_slaves') ?? 0);
  if (replicas === 0) return ok(subject, 'no replicas');
  if (minReplicas === undefined || Number(minReplicas) > 0) return ok(subject, `${replicas} connected`);
  return advice(
    subject,
    'a master that has lost its replicas goes on taking logins, which a failover then forgets',
    'set min-replicas-to-write 1 and min-replicas-max-lag 10',
  );
}

/** Keys end by the clock of Redis, tokens by those of the hosts. */
async function checkClock(subject: string, master: RedisNode, clock: () => number): Promise<Finding> {
  const before = clock();
  const reply = await master.command(['TIME']);
  const after = clock();
  const [seconds, micros] = (Array.isArray(reply) ? reply : []).map(Number);
  const redisMs = (seconds ?? 0) * 1000 + (micros ?? 0) / 1000;
  // It was somewhere between: only what lies outside is skew for certain.
  const skewMs = redisMs < before ? redisMs - before : redisMs > after ? redisMs - after : 0;
  if (Math.abs(skewMs) < 500) return ok(subject, 'agrees with this host');
  const text = `${Math.abs(Math.round(skewMs))} ms ${skewMs > 0 ? 'ahead of' : 'behind'} this host`;
  const remedy = 'run NTP on both';
  return Math.abs(skewMs) < 5000
    ? advice(subject, text, remedy)
    : problem(subject, `${text}: tokens end too early or too late by that much`, remedy);
}

/** Undefined where CONFIG is not allowed, as with most hosted ones. */
async function readSetting(master: RedisNode, name: string): Promise<string | undefined> {
  try {
    const reply = await master.command(['CONFIG', 'GET', name]);
    return Array.isArray(reply) && reply.length > 1 ? String(reply[1]) : undefined;
  } catch {
    return undefined;
  }
}
