/** Real services for a suite of tests: taken from the run that `npm test` set up, or started on demand. */
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { type ServiceName, skippedServices } from './services/catalogue.ts';
import { type PgbouncerOptions, startPgbouncer } from './services/pgbouncer.ts';
import { startPostgres, startPostgresStandby } from './services/postgres.ts';
import { type RedisOptions, startRedis } from './services/redis.ts';
import { type RedisCluster, type RedisClusterOptions, startRedisCluster } from './services/redis-cluster.ts';
import { type RedisSentinel, startRedisSentinel } from './services/redis-sentinel.ts';
import type { Service } from './services/service.ts';
import { startVersitygw } from './services/versitygw.ts';

/** The test that a service belongs to: what was started for it ends after it and its subtests. */
export type SuiteScope = Pick<TestContext, 'after' | 'skip'>;

/**
 * The reason to skip what needs the service, or false: made for the `skip` option of `test` and `describe`. Inside a
 * test, the `...ForSuite` functions below do the same by themselves.
 */
export function skipReason(name: ServiceName): string | false {
  return skippedServices(process.env).has(name) ? `TESSERA_TEST_SKIP names ${name}` : false;
}

/**
 * URL of a new PostgreSQL database, which `npm test` has brought up to date, dropped after the suite; undefined when the
 * caller leaves PostgreSQL out, in which case the test has been marked as skipped and has nothing more to do.
 */
export function postgresUrlForSuite(t: SuiteScope): Promise<string | undefined> {
  return newPostgresUrl(t, 'template1');
}

/** The same of one without a table, as on a first start. */
export function emptyPostgresUrlForSuite(t: SuiteScope): Promise<string | undefined> {
  return newPostgresUrl(t, 'template0');
}

async function newPostgresUrl(t: SuiteScope, template: string): Promise<string | undefined> {
  if (isSkipped(t, 'postgres')) return undefined;
  const sharedUrl = process.env.TESSERA_TEST_POSTGRES_URL;
  if (sharedUrl === undefined) return ownedBy(t, await startPostgres()).url;
  const name = `tessera_test_${randomBytes(6).toString('hex')}`;
  await execute(sharedUrl, `create database ${name} template ${template}`);
  afterAllElse(t, () => dropDatabase(sharedUrl, name));
  const url = new URL(sharedUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Two servers of the suite's own: whatever commits on the first one is on the second one too. Undefined as above. */
export async function postgresPairForSuite(
  t: SuiteScope,
): Promise<{ readonly primary: Service; readonly standby: Service } | undefined> {
  if (isSkipped(t, 'postgres')) return undefined;
  const primary = ownedBy(t, await startPostgres());
  const standby = ownedBy(t, await startPostgresStandby(primary));
  return { primary, standby };
}

/**
 * A Redis of the suite's own, so that it may kill, fill or reconfigure it; undefined when the caller leaves Redis out,
 * in which case the test has been marked as skipped and has nothing more to do.
 */
export async function redisForSuite(t: SuiteScope, options?: RedisOptions): Promise<Service | undefined> {
  return isSkipped(t, 'redis') ? undefined : ownedBy(t, await startRedis(options));
}

/** An S3 server of the suite's own; undefined as above. */
export async function s3ForSuite(t: SuiteScope): Promise<Service | undefined> {
  return isSkipped(t, 'versitygw') ? undefined : ownedBy(t, await startVersitygw());
}

/** A Redis master with a replica and a Sentinel of the suite's own; undefined as above. */
export async function sentinelForSuite(t: SuiteScope, options?: RedisOptions): Promise<RedisSentinel | undefined> {
  return isSkipped(t, 'redis') ? undefined : ownedBy(t, await startRedisSentinel(options));
}

/** A Redis Cluster of three masters of the suite's own; undefined as above. */
export async function clusterForSuite(t: SuiteScope, options?: RedisClusterOptions): Promise<RedisCluster | undefined> {
  return isSkipped(t, 'redis') ? undefined : ownedBy(t, await startRedisCluster(options));
}

/** A pooler of the suite's own on one of its databases; undefined as above. */
export async function pgbouncerForSuite(t: SuiteScope, options: PgbouncerOptions): Promise<Service | undefined> {
  return isSkipped(t, 'pgbouncer') ? undefined : ownedBy(t, await startPgbouncer(options));
}

function isSkipped(t: SuiteScope, name: ServiceName): boolean {
  const reason = skipReason(name);
  if (reason !== false) t.skip(reason);
  return reason !== false;
}

function ownedBy<Owned extends { stop(): Promise<void> }>(t: SuiteScope, service: Owned): Owned {
  afterAllElse(t, () => service.stop());
  return service;
}

/**
 * The runner calls `after` hooks in the order of registration, which would take a service from under the clients that
 * the suite opens on it later. A hook registered by a hook comes after all of them.
 */
function afterAllElse(t: SuiteScope, cleanUp: () => Promise<void>): void {
  t.after(() => t.after(cleanUp));
}

/**
 * A closed connection lives on in the server for a moment. To drop the database over its head would have the server say
 * so on a socket that the suite has done with, and that would end the test's process.
 */
async function dropDatabase(url: string, name: string): Promise<void> {
  const deadline = Date.now() + dropLimitMs;
  for (;;) {
    try {
      await execute(url, `drop database ${name}`);
      return;
    } catch (error) {
      if (!isInUse(error) || Date.now() > deadline) throw error;
    }
  }
}

const dropLimitMs = 10_000;

/** object_in_use */
function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55006';
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
