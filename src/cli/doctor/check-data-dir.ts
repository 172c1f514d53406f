/** Whether the data directory, which holds the secret and every message, is closed to others and whole. */
import { chmodSync, existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Config } from '../../config/config.ts';
import { checkDeliveries, type DeliveryRow, selectDeliveries } from './check-deliveries.ts';
import { checkJobs, type JobRow, selectJobs } from './check-jobs.ts';
import { advice, type Finding, ok, problem } from './finding.ts';

export function checkDataDir({ dataDir, databaseUrl }: Config, { repair }: { readonly repair: boolean }): Finding[] {
  if (!existsSync(dataDir)) {
    return [advice(dataDir, 'there is no such directory', 'none needed if the server has never started here')];
  }
  const entries = readdirSync(dataDir, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(dataDir, entry.name));
  const modes = checkModes([dataDir, ...files], repair);
  const databasePath = join(dataDir, 'tessera.db');
  const findings = [modes, checkSpace(statfsSync(dataDir))];
  return databaseUrl === '' && existsSync(databasePath) ? [...findings, ...checkDatabase(databasePath)] : findings;
}

function checkModes(paths: readonly string[], repair: boolean): Finding {
  const open = paths.filter((path) => (statSync(path).mode & 0o077) !== 0);
  if (open.length === 0) return ok('data directory', 'only its owner may read it');
  if (repair) for (const path of open) chmodSync(path, statSync(path).isDirectory() ? 0o700 : 0o600);
  return {
    ...problem('data directory', `others on this machine may read ${open.join(', ')}`, 'chmod -R go= on the directory'),
    isRepaired: repair,
  };
}

/** The same shares as the alerts have, but gigabytes are enough whatever the disk. @param disk as statfs describes it */
export function checkSpace({
  bavail,
  blocks,
  bsize,
}: Readonly<Record<'bavail' | 'blocks' | 'bsize', number>>): Finding {
  const subject = 'disk of the data directory';
  const share = bavail / blocks;
  const text = `${(share * 100).toFixed(1)} % of it are free, ${Math.floor((bavail * bsize) / 2 ** 20)} MiB`;
  const remedy = 'make room: once it is full, nothing is stored and no message acknowledged';
  if (share >= 0.1 || bavail * bsize >= plentyBytes) return ok(subject, text);
  return share < 0.02 ? problem(subject, text, remedy) : advice(subject, text, remedy);
}

const plentyBytes = 5 * 2 ** 30;

/** Read-only: a server may be running on it. */
function checkDatabase(path: string): Finding[] {
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    const [row] = database.prepare('PRAGMA quick_check(1)').all();
    const verdict = String(row?.quick_check);
    if (verdict === 'ok')
      return [
        ok(path, 'the database is whole'),
        ...checkClock(database),
        ...checkJobRuns(database),
        ...checkTold(database),
      ];
    return [
      problem(path, `the database is damaged: ${verdict}`, 'restore the last backup; keep the file for analysis'),
    ];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [problem(path, `the database cannot be read: ${reason}`, 'check its owner and mode, and the disk')];
  }
}

function checkJobRuns(database: DatabaseSync): Finding[] {
  return hasTable(database, 'job_runs') ? checkJobs(database.prepare(selectJobs).all() as unknown as JobRow[]) : [];
}

function checkTold(database: DatabaseSync): Finding[] {
  if (!hasTable(database, 'deliveries')) return [];
  return checkDeliveries(database.prepare(selectDeliveries).all() as unknown as DeliveryRow[]);
}

/** It may be of an earlier version. */
function hasTable(database: DatabaseSync, name: string): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined;
}

/** What has happened cannot lie ahead: then the clock is behind, or was ahead. */
function checkClock(database: DatabaseSync): Finding[] {
  if (!hasTable(database, 'token_events')) return [];
  const newest = database.prepare('SELECT at FROM token_events ORDER BY id DESC LIMIT 1').get();
  const aheadMs = Number(newest?.at ?? 0) - Date.now();
  if (aheadMs < 1000) return [ok('clock', 'agrees with what was stored')];
  const text = `the newest entry of the audit trail is ${Math.round(aheadMs / 1000)} s ahead of this host: its clock was set`;
  return [advice('clock', `${text}, and tokens end too early or too late by as much`, 'run NTP, and let it slew')];
}
