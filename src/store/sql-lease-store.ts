/** Leases in SQL, for both dialects. */
import type { Database } from '../database/database.ts';
import type { Lease, LeaseStore } from '../jobs/lease-store.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';

export class SqlLeaseStore implements LeaseStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async take(tx: Transaction, name: string, holder: string, now: number, until: number): Promise<Lease | undefined> {
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

  async extend(tx: Transaction, lease: Lease, until: number): Promise<boolean> {
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

  async release(tx: Transaction, lease: Lease): Promise<void> {
    await this.extend(tx, lease, 0);
  }
}
