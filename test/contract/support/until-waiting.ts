/** What happens while a transaction is open: on PostgreSQL, where others then wait for its locks. */
import { sql } from 'kysely';
import type { Database } from '../../../src/database/database.ts';
import { besideTransactions } from '../../support/reads-within.ts';

/** Starts `work`, and resolves as soon as it has ended or somebody waits for a lock. */
export function startUntilWaiting<Result>(
  db: Database,
  work: () => Promise<Result>,
): Promise<{ readonly running: Promise<Result> }> {
  return besideTransactions(() => start(db, work));
}

async function start<Result>({ reader }: Database, work: () => Promise<Result>) {
  const running = work();
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
  };
  running.then(end, end);
  const waiting = sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  while (!hasEnded && (await waiting.execute(reader)).rows.length === 0);
  return { running };
}
