/** The last runs of jobs in SQL, for both dialects. */
import { type Selectable, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Schema } from '../database/schema.ts';
import type { ClockStore } from '../jobs/clock-record.ts';
import type { JobEnd, JobRecord, JobStore } from '../jobs/job-store.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';

export class SqlJobStore implements JobStore, ClockStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async list(): Promise<readonly JobRecord[]> {
    return (await this.#db.reader.selectFrom('job_runs').selectAll().execute()).map(fromRow);
  }

  async find(tx: Transaction, name: string): Promise<JobRecord | undefined> {
    const row = await this.#db
      .executor(tx)
      .selectFrom('job_runs')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  async begin(tx: Transaction, name: string, startedAt: number, holder: string): Promise<void> {
    const begun = { started_at: startedAt, ended_at: 0, outcome: 'running', failure: '', done: 0, holder } as const;
    const answered = { ...begun, requested_at: 0 };
    await this.#db
      .executor(tx)
      .insertInto('job_runs')
      .values({ name, failures: 0, ...answered })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(answered))
      .execute();
  }

  async progress(tx: Transaction, name: string, done: number): Promise<void> {
    await this.#db.executor(tx).updateTable('job_runs').set({ done }).where('name', '=', name).execute();
  }

  async end(tx: Transaction, name: string, { endedAt, outcome, failure, done }: JobEnd): Promise<void> {
    const failures = outcome === 'done' ? 0 : sql<number>`failures + 1`;
    await this.#db
      .executor(tx)
      .updateTable('job_runs')
      .set({ ended_at: endedAt, outcome, failure, done, failures })
      .where('name', '=', name)
      .execute();
  }

  async request(tx: Transaction, name: string, at: number): Promise<void> {
    const never = { started_at: 0, ended_at: 0, outcome: '', failure: '', failures: 0, done: 0, holder: '' } as const;
    await this.#db
      .executor(tx)
      .insertInto('job_runs')
      .values({ name, ...never, requested_at: at })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ requested_at: at }))
      .execute();
  }

  async seeClock(tx: Transaction, at: number, steadySince: (row: ClockRow | undefined) => number): Promise<number> {
    const executor = this.#db.executor(tx);
    const row = await executor
      .selectFrom('steady_clock')
      .select(['since', 'seen_at as seenAt'])
      .where('id', '=', 1)
      .executeTakeFirst();
    const since = steadySince(row);
    await executor
      .insertInto('steady_clock')
      .values({ id: 1, since, seen_at: at })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ since, seen_at: at }))
      .execute();
    return since;
  }
}

type ClockRow = { readonly since: number; readonly seenAt: number };

function fromRow(row: Selectable<Schema['job_runs']>): JobRecord {
  return {
    name: row.name,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    outcome: row.outcome,
    failure: row.failure,
    failures: row.failures,
    done: row.done,
    holder: row.holder,
    requestedAt: row.requested_at,
  };
}
