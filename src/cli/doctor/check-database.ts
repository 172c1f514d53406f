/** Whether PostgreSQL is new enough, takes writes, and keeps what it has acknowledged. */
import pg from 'pg';
import { type DurabilitySettings, lossByCrash, lossByFailover, selectDurability } from '../../database/durability.ts';
import { checkDeliveries, type DeliveryRow, selectDeliveries } from './check-deliveries.ts';
import { checkJobs, type JobRow, selectJobs } from './check-jobs.ts';
import { advice, type Finding, ok, problem } from './finding.ts';
import { checkLatency, latencyOf } from './latency.ts';

export interface DatabaseUse {
  /** Of several, which are to outlive the loss of a machine. */
  readonly isNode: boolean;
  /** How many processes run, as far as is known. */
  readonly processes: number;
  /** That each of them may have. */
  readonly connections: number;
}

/** Looks only. @param url TESSERA_DATABASE_URL; nothing of it is in a finding */
export async function checkDatabase(url: string, use: DatabaseUse): Promise<Finding[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000, query_timeout: 10_000 });
  client.on('error', () => {}); // whoever waits for an answer hears of it too
  try {
    await client.connect();
    const { rows } = await client.query<Facts>(facts);
    return [
      ...rows.flatMap((row) => judge(row, use)),
      checkLatency(`${subject}: latency`, await latencyOf(() => client.query('SELECT 1'))),
      ...(await jobRuns(client)),
      ...(await deliveries(client)),
    ];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [problem(subject, `cannot be examined: ${reason}`, 'check TESSERA_DATABASE_URL and that PostgreSQL is up')];
  } finally {
    await client.end();
  }
}

async function jobRuns(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{ exists: boolean }>("SELECT to_regclass('job_runs') IS NOT NULL AS exists");
  return rows[0]?.exists === true ? checkJobs((await client.query<JobRow>(selectJobs)).rows) : [];
}

async function deliveries(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{ exists: boolean }>("SELECT to_regclass('deliveries') IS NOT NULL AS exists");
  return rows[0]?.exists === true ? checkDeliveries((await client.query<DeliveryRow>(selectDeliveries)).rows) : [];
}

interface Facts extends DurabilitySettings {
  readonly version: number;
  readonly read_only: string;
  readonly max_connections: number;
}

const facts = `${selectDurability}, current_setting('server_version_num')::int AS version,
  current_setting('transaction_read_only') AS read_only, current_setting('max_connections')::int AS max_connections`;

const subject = 'PostgreSQL';
const oldestVersion = 150_000;

function judge(found: Facts, use: DatabaseUse): Finding[] {
  const { version, read_only, max_connections } = found;
  const unsafe = lossByCrash(found);
  return [
    version >= oldestVersion
      ? ok(`${subject}: version`, String(Math.floor(version / 10_000)))
      : problem(`${subject}: version`, `${Math.floor(version / 10_000)} is too old`, 'use 15 or a later one'),
    read_only === 'off'
      ? ok(`${subject}: writes`, 'it takes them')
      : problem(`${subject}: writes`, 'it only reads', 'point TESSERA_DATABASE_URL at the primary'),
    unsafe === ''
      ? ok(`${subject}: durability`, 'a commit is on disk before it is acknowledged')
      : problem(`${subject}: durability`, `${unsafe}: a crash loses messages that were acknowledged`, 'switch them on'),
    ...(use.isNode ? [judgeReplication(found)] : []),
    judgeConnections(max_connections, use),
  ];
}

function judgeReplication(found: DurabilitySettings): Finding {
  const unsafe = lossByFailover(found);
  if (unsafe === '') return ok(`${subject}: replication`, 'a standby has a commit on disk before it is acknowledged');
  return advice(
    `${subject}: replication`,
    `${unsafe}: if the primary is lost, so are messages that were acknowledged`,
    "synchronous_commit = on, and synchronous_standby_names = 'ANY 1 (...)' with two standbys; see docs/several-nodes.md",
  );
}

function judgeConnections(most: number, { processes, connections }: DatabaseUse): Finding {
  // Each has one more for its lock.
  const needed = processes * (connections + 1);
  const text = `${processes} of Tessera may take ${needed} of ${most}`;
  if (needed <= most * mostOfConnections) return ok(`${subject}: connections`, text);
  const remedy = 'lower TESSERA_DATABASE_CONNECTIONS, raise max_connections, or put a pooler between';
  return advice(`${subject}: connections`, text, remedy);
}

/** Some are for backups, monitoring and whoever mends. */
const mostOfConnections = 0.9;
