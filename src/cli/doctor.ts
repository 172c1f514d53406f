/** `tessera doctor`: looks an installation over, and explains each finding with its remedy. */
import type { Config } from '../config/config.ts';
import { connectionsOf, isNode, workersOf } from '../config/node-settings.ts';
import type { RedisClient } from '../redis/client/client.ts';
import { type Command, configFromArgs } from './command.ts';
import { checkDataDir } from './doctor/check-data-dir.ts';
import { checkNodes, type NodeFacts } from './doctor/check-nodes.ts';
import { checkSettings } from './doctor/check-settings.ts';
import { checkWebhooks } from './doctor/check-webhooks.ts';
import { type Finding, formatFindings, ok, problem } from './doctor/finding.ts';
import { print } from './print.ts';
import { openRegisteredUsers } from './registered-users.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'check the installation, and explain what is wrong with it',
  help: () => `Usage: tessera doctor [--repair] [--json] [flags]

Looks at the settings, the data directory, PostgreSQL where there is one (version, writes, durability, replication,
connections, latency), how jobs went, what could not be told to webhooks and whether their receiver answers, and Redis where there is one: its version, eviction, persistence, replication,
clock and latency, every token in it, and whether all who hold one are registered. Where both make nodes, at those that
run: their roles, versions, clocks and heartbeats. Prints each finding with its remedy. Changes nothing unless told to, and may run beside the server. The
exit code is 1 if there is a problem, 0 otherwise.

  --repair   mend what can be mended: modes of the data directory, index entries of tokens that are gone, tokens
             without an end, tokens that are missing from the index, token records that cannot be read
  --json     for programs: a list of {severity, subject, text, remedy, isRepaired}
  and every flag of \`tessera serve\`. Settings must be those that the server has.
`,
  run: async (args) => {
    const { config, values } = configFromArgs(args, { repair: { type: 'boolean' }, json: { type: 'boolean' } });
    const repair = values.repair === true;
    const findings = [
      // First, since a secret that is open to others is refused until its mode is mended.
      ...checkDataDir(config, { repair }),
      ...checkSettings(config),
      ...(await examineStores(config, repair)),
      ...(await checkWebhooks(config)),
    ];
    await print(values.json === true ? JSON.stringify(findings, null, 2) : formatFindings(findings));
    return findings.some(({ severity, isRepaired }) => severity === 'problem' && isRepaired !== true) ? 1 : 0;
  },
};

async function examineStores(config: Config, repair: boolean): Promise<Finding[]> {
  const nodes: NodeFacts[] = [];
  const redis = config.redisUrl === '' ? [] : await examineRedis(config, repair, nodes);
  const database = config.databaseUrl === '' ? [] : await examineDatabase(config, nodes.length);
  return [...database, ...redis];
}

/** PostgreSQL's client is loaded where it is used. */
async function examineDatabase(config: Config, nodes: number): Promise<Finding[]> {
  const { checkDatabase } = await import('./doctor/check-database.ts');
  const processes = Math.max(nodes, workersOf(config));
  return checkDatabase(config.databaseUrl, {
    isNode: isNode(config),
    processes,
    connections: connectionsOf(config),
  });
}

/** @param nodes takes those that live */
async function examineRedis(config: Config, repair: boolean, nodes: NodeFacts[]): Promise<Finding[]> {
  const { connectRedis } = await import('../redis/client/client.ts');
  const { checkRedis } = await import('./doctor/check-redis.ts');
  try {
    await using redis = await connectRedis(config.redisUrl, { onConnectionFailure: () => {} });
    if (isNode(config)) nodes.push(...(await liveNodes(redis)));
    return [
      ...(isNode(config) ? checkNodes(nodes) : []),
      ...(await checkRedis(redis, Date.now)),
      ...(await examineTokens(redis, config, repair)),
      await examineHolders(redis, config),
    ];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [problem('Redis', `cannot be examined: ${reason}`, 'check TESSERA_REDIS_URL and that Redis is up')];
  }
}

async function liveNodes(redis: RedisClient): Promise<NodeFacts[]> {
  const { NodeRegistry } = await import('../redis/nodes/node-registry.ts');
  const { nodeTimes } = await import('../redis/nodes/redis-node-channel.ts');
  const { now, live } = await new NodeRegistry(redis, nodeTimes).list();
  return live.flatMap(({ nodeID, leaseEndsAt, description }) => {
    if (description === undefined) return [];
    return [{ nodeID, ...description, heartbeatAgeMs: now - leaseEndsAt + nodeTimes.leaseMs }];
  });
}

async function examineHolders(redis: RedisClient, config: Config): Promise<Finding> {
  const { checkTokenHolders } = await import('./doctor/check-token-holders.ts');
  try {
    await using registered = await openRegisteredUsers(config);
    return await checkTokenHolders(redis, registered);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return problem('holders of tokens', `cannot be looked up: ${reason}`, 'check the database');
  }
}

async function examineTokens(redis: RedisClient, { maxTokenTtlMs }: Config, repair: boolean): Promise<Finding[]> {
  const { mendTokens } = await import('../redis/tokens/mend-tokens.ts');
  const faults = await mendTokens(redis, {
    repair,
    fallbackEnd: Date.now() + maxTokenTtlMs,
    onProgress: ({ tokens, users }) => showProgress(`looked at ${tokens} tokens, ${users} users`),
  });
  showProgress('');
  const subject = 'tokens in Redis';
  const remedy = 'tessera doctor --repair';
  const faulty = (count: number, text: string): Finding[] =>
    count === 0 ? [] : [{ ...problem(subject, `${count} ${text}`, remedy), isRepaired: repair }];
  const found = [
    ...faulty(faults.endless, 'keys without an end, which stay for ever'),
    ...faulty(faults.orphans, 'index entries of tokens that are gone before their end: evicted, or deleted by hand'),
    ...faulty(faults.strays, 'tokens missing from the index, which logins and lists do not see'),
    ...faulty(
      faults.unreadable,
      'token records that cannot be read: they are refused, and their owners must log in again',
    ),
  ];
  return found.length > 0 ? found : [ok(subject, `${faults.tokens} of ${faults.users} users, all in order`)];
}

/** On one line of a terminal; not into files and pipes. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
