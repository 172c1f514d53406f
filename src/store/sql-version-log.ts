/** Version logs in SQL, for both dialects: a head per log, and one entry per item with its latest state. */
import { createHash } from 'node:crypto';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type {
  Change,
  ChangeState,
  VersionHead,
  VersionKind,
  VersionLogStore,
  VersionStep,
} from '../sync/version-log-store.ts';
import { insertPieces } from './sql-lists.ts';

export class SqlVersionLog implements VersionLogStore {
  readonly #db: Database;
  readonly #epoch: string;

  private constructor(db: Database, epoch: string) {
    this.#db = db;
    this.#epoch = epoch;
  }

  /**
   * @param newEpoch a random text, kept by a database that has none yet: a database that is made anew gives other
   * versionIDs, so that no client takes its logs for those of the old one.
   */
  static async open(db: Database, newEpoch: () => string): Promise<SqlVersionLog> {
    return new SqlVersionLog(db, await readOrMakeEpoch(db, newEpoch));
  }

  async record(tx: Transaction, kind: VersionKind, steps: readonly VersionStep[]): Promise<void> {
    // In one order everywhere: transactions that touch the same logs then wait for each other in one direction only.
    const sorted = steps.toSorted((a, b) => (a.ownerID < b.ownerID ? -1 : 1));
    for (const piece of insertPieces(sorted)) {
      const versions = await this.#raiseHeads(tx, kind, piece);
      await this.#writeEntries(tx, kind, piece, versions);
    }
  }

  async head(kind: VersionKind, ownerID: string): Promise<VersionHead> {
    const row = await this.#db
      .executor()
      .selectFrom('version_heads')
      .select(['version_id', 'version'])
      .where('kind', '=', kind)
      .where('owner_id', '=', ownerID)
      .executeTakeFirst();
    return row === undefined
      ? { versionID: this.#versionIDOf(kind, ownerID), version: versionWithoutChanges }
      : { versionID: row.version_id, version: row.version };
  }

  async changesAfter(kind: VersionKind, ownerID: string, version: number, limit: number): Promise<readonly Change[]> {
    const rows = await this.#db
      .executor()
      .selectFrom('version_entries')
      .select(['item_id', 'state'])
      .where('kind', '=', kind)
      .where('owner_id', '=', ownerID)
      .where('version', '>', version)
      .orderBy('version')
      .limit(limit)
      .execute();
    return rows.map(({ item_id, state }) => ({ itemID: item_id, state: stateOf(state) }));
  }

  /** Takes each head's row lock until the transaction ends. @returns the new versions by owner. */
  async #raiseHeads(tx: Transaction, kind: VersionKind, steps: readonly VersionStep[]): Promise<Map<string, number>> {
    const heads = await this.#db
      .executor(tx)
      .insertInto('version_heads')
      .values(
        steps.map(({ ownerID }) => ({
          kind,
          owner_id: ownerID,
          version_id: this.#versionIDOf(kind, ownerID),
          version: versionWithoutChanges + 1,
        })),
      )
      .onConflict((conflict) =>
        conflict
          .columns(['kind', 'owner_id'])
          .doUpdateSet((row) => ({ version: row('version_heads.version', '+', 1) })),
      )
      .returning(['owner_id', 'version'])
      .execute();
    return new Map(heads.map(({ owner_id, version }) => [owner_id, version]));
  }

  async #writeEntries(
    tx: Transaction,
    kind: VersionKind,
    steps: readonly VersionStep[],
    versions: ReadonlyMap<string, number>,
  ): Promise<void> {
    const entries = steps.flatMap(({ ownerID, changes }) =>
      changes.map(({ itemID, state }) => ({
        kind,
        owner_id: ownerID,
        item_id: itemID,
        state: stateNumbers[state],
        version: versions.get(ownerID) ?? versionWithoutChanges,
      })),
    );
    for (const piece of insertPieces(entries)) {
      await this.#db
        .executor(tx)
        .insertInto('version_entries')
        .values(piece)
        .onConflict((conflict) =>
          conflict.columns(['kind', 'owner_id', 'item_id']).doUpdateSet((row) => ({
            state: row.ref('excluded.state'),
            version: row.ref('excluded.version'),
          })),
        )
        .execute();
    }
  }

  /** Derived, so that reading a log that does not exist yet writes nothing. */
  #versionIDOf(kind: VersionKind, ownerID: string): string {
    return createHash('sha256')
      .update(JSON.stringify([this.#epoch, kind, ownerID]))
      .digest('hex')
      .slice(0, 24);
  }
}

/** Clients take 0 for "never synced", so an empty log is at 1. */
const versionWithoutChanges = 1;

/** The numbers that OpenIM stores. */
const stateNumbers: Readonly<Record<ChangeState, number>> = { insert: 1, delete: 2, update: 3 };

function stateOf(number: number): ChangeState {
  switch (number) {
    case stateNumbers.insert:
      return 'insert';
    case stateNumbers.delete:
      return 'delete';
    case stateNumbers.update:
      return 'update';
    default:
      throw new RangeError(`version entry with unknown state ${number}`);
  }
}

/** The epoch is the head of a log without a kind and an owner. */
async function readOrMakeEpoch(db: Database, newEpoch: () => string): Promise<string> {
  await db.transaction((tx) =>
    db
      .executor(tx)
      .insertInto('version_heads')
      .values({ kind: '', owner_id: '', version_id: newEpoch(), version: 0 })
      .onConflict((conflict) => conflict.columns(['kind', 'owner_id']).doNothing())
      .execute(),
  );
  const row = await db
    .executor()
    .selectFrom('version_heads')
    .select('version_id')
    .where('kind', '=', '')
    .where('owner_id', '=', '')
    .executeTakeFirstOrThrow();
  return row.version_id;
}
