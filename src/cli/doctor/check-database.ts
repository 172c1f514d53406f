/** Whether PostgreSQL is new enough, takes writes, and keeps what it has acknowledged. */
import pg from 'pg';
import { checkJobs, type JobRow, selectJobs } from './check-jobs.ts';
import { type Finding, ok, problem } from './finding.ts';

/** Looks only. @param url TESSERA_DATABASE_URL; nothing of it is in a finding */
export async function checkDatabase(url: string): Promise<Finding[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000, query_timeout: 10_000 });
  client.on('error', () => {}); // whoever waits for an answer hears of it too
  try {
    await client.connect();
    const { rows } = await client.query<Facts>(facts);
    return [...rows.flatMap(judge), ...(await jobRuns(client))];
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

interface Facts {
  readonly version: number;
  readonly read_only: string;
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly full_page_writes: string;
}

const facts = `SELECT current_setting('server_version_num')::int AS version,
  current_setting('transaction_read_only') AS read_only, current_setting('fsync') AS fsync,
  current_setting('synchronous_commit') AS synchronous_commit, current_setting('full_page_writes') AS full_page_writes`;

const subject = 'PostgreSQL';
const oldestVersion = 150_000;

function judge({ version, read_only, fsync, synchronous_commit, full_page_writes }: Facts): Finding[] {
  const unsafe = Object.entries({ fsync, synchronous_commit, full_page_writes }).filter(([, value]) => value === 'off');
  return [
    version >= oldestVersion
      ? ok(`${subject}: version`, String(Math.floor(version / 10_000)))
      : problem(`${subject}: version`, `${Math.floor(version / 10_000)} is too old`, 'use 15 or a later one'),
    read_only === 'off'
      ? ok(`${subject}: writes`, 'it takes them')
      : problem(`${subject}: writes`, 'it only reads', 'point TESSERA_DATABASE_URL at the primary'),
    unsafe.length === 0
      ? ok(`${subject}: durability`, 'a commit is on disk before it is acknowledged')
      : problem(
          `${subject}: durability`,
          `${unsafe.map(([name]) => `${name} = off`).join(', ')}: a crash loses messages that were acknowledged`,
          'switch them on',
        ),
  ];
}
