/** Leases in SQL, for both dialects. */
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Lease, LeaseStore } from '../jobs/lease-store.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';

export class SqlLeaseStore implements LeaseStore {
  readonly #db: Database;
  readonly #hasOwnTime: boolean;

  /** @param hasOwnTime PostgreSQL's clock says when leases end, and nobody else's */
  constructor(db: Database, hasOwnTime = false) {
    this.#db = db;
    this.#hasOwnTime = hasOwnTime;
  }

  async take(tx: Transaction, name: string, holder: string, at: number, holdMs: number): Promise<Lease | undefined> {
    const [now, until] = [this.#in(at, 0), this.#in(at, holdMs)];
    const taken = await this.#db
      .executor(tx)
      .insertInto('leases')
      .values({ name, holder, fence: 1, held_until: until })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet(({ ref, eb }) => ({ holder, held_until: until, fence: eb(ref('leases.fence'), '+', 1) }))
          .where(({ eb, or }) => or([eb('leases.held_until', '<=', now), eb('leases.holder', '=', holder)])),
      )
      .returning('fence')
      .executeTakeFirst();
    return taken === undefined ? undefined : { name, holder, fence: taken.fence };
  }

  extend(tx: Transaction, lease: Lease, now: number, holdMs: number): Promise<boolean> {
    return this.#hold(tx, lease, this.#in(now, holdMs));
  }

  async release(tx: Transaction, lease: Lease): Promise<void> {
    await this.#hold(tx, lease, sql`0`);
  }

  async #hold(tx: Transaction, lease: Lease, until: RawBuilder<number>): Promise<boolean> {
    const held = await this.#db
      .executor(tx)
      .updateTable('leases')
      .set({ held_until: until })
      .where('name', '=', lease.name)
      .where('fence', '=', lease.fence)
      .returning('name')
      .executeTakeFirst();
    return held !== undefined;
  }

  /** So many ms from now on. */
  #in(at: number, ms: number): RawBuilder<number> {
    if (!this.#hasOwnTime) return sql`${at + ms}`;
    return sql`(extract(epoch FROM clock_timestamp()) * 1000)::bigint + ${ms}::bigint`;
  }
}
