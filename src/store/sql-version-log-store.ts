/** Version logs in SQL, for both dialects: a head per log, and one entry per item with its latest state. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type {
  Change,
  ChangeState,
  LogTail,
  VersionHead,
  VersionKind,
  VersionLogStore,
  VersionStep,
} from '../sync/version-log-store.ts';
import { insertPieces, isOneOf, piecesInTurns, textTable } from './sql-lists.ts';

export class SqlVersionLogStore implements VersionLogStore {
  readonly #db: Database;
  readonly #epoch: string;
  readonly #newText: () => string;

  private constructor(db: Database, epoch: string, newText: () => string) {
    this.#db = db;
    this.#epoch = epoch;
    this.#newText = newText;
  }

  /**
   * @param newText a random text. One is kept by a database that has none yet: a database that is made anew gives other
   * versionIDs, so that no client takes its logs for those of the old one.
   */
  static async open(db: Database, newText: () => string): Promise<SqlVersionLogStore> {
    return new SqlVersionLogStore(db, await readOrMakeEpoch(db, newText), newText);
  }

  async record(
    tx: Transaction,
    kind: VersionKind,
    steps: readonly VersionStep[],
  ): Promise<ReadonlyMap<string, VersionHead>> {
    // In one order everywhere: transactions that touch the same logs then wait for each other in one direction only.
    const sorted = steps.toSorted((a, b) => (a.ownerID < b.ownerID ? -1 : 1));
    const heads = new Map<string, VersionHead>();
    // All members of a large group, say.
    for await (const piece of piecesInTurns(sorted)) {
      const ownerIDs = piece.map(({ ownerID }) => ownerID);
      for (const [ownerID, head] of await this.#touchHeads(tx, kind, ownerIDs, 1)) heads.set(ownerID, head);
      await this.#writeEntries(tx, kind, piece, heads);
    }
    return heads;
  }

  async lock(
    tx: Transaction,
    kind: VersionKind,
    ownerIDs: readonly string[],
  ): Promise<ReadonlyMap<string, VersionHead>> {
    const heads = new Map<string, VersionHead>();
    for await (const piece of piecesInTurns([...new Set(ownerIDs)].toSorted())) {
      for (const [ownerID, head] of await this.#touchHeads(tx, kind, piece, 0)) heads.set(ownerID, head);
    }
    return heads;
  }

  async drop(tx: Transaction, kind: VersionKind, ownerIDs: readonly string[]): Promise<void> {
    const executor = this.#db.executor(tx);
    const isOfThese = isOneOf(this.#db.dialect, 'owner_id', ownerIDs);
    // The head stays as that of a new log: who comes back with the old versionID reads everything.
    for (const piece of insertPieces(ownerIDs.toSorted())) {
      const values = piece.map((ownerID) => ({
        kind,
        owner_id: ownerID,
        version_id: versionIDFrom([this.#newText(), kind, ownerID]),
        version: versionWithoutChanges,
      }));
      await executor
        .insertInto('version_heads')
        .values(values)
        .onConflict((conflict) =>
          conflict.columns(['kind', 'owner_id']).doUpdateSet((row) => ({
            version_id: row.ref('excluded.version_id'),
            version: row.ref('excluded.version'),
          })),
        )
        .execute();
    }
    await executor.deleteFrom('version_entries').where('kind', '=', kind).where(isOfThese).execute();
  }

  async head(kind: VersionKind, ownerID: string): Promise<VersionHead> {
    const row = await this.#db.reader
      .selectFrom('version_heads')
      .select(['version_id', 'version'])
      .where('kind', '=', kind)
      .where('owner_id', '=', ownerID)
      .executeTakeFirst();
    return row === undefined
      ? { versionID: this.#versionIDOf(kind, ownerID), version: versionWithoutChanges }
      : { versionID: row.version_id, version: row.version };
  }

  async heads(kind: VersionKind, ownerIDs: readonly string[]): Promise<ReadonlyMap<string, VersionHead>> {
    const rows = await this.#db.reader
      .selectFrom('version_heads')
      .select(['owner_id', 'version_id', 'version'])
      .where('kind', '=', kind)
      .where(isOneOf(this.#db.dialect, 'owner_id', ownerIDs))
      .execute();
    const heads = new Map(
      rows.map(({ owner_id, version_id, version }) => [owner_id, { versionID: version_id, version }]),
    );
    const untouched = (ownerID: string) => ({
      versionID: this.#versionIDOf(kind, ownerID),
      version: versionWithoutChanges,
    });
    return new Map(ownerIDs.map((ownerID) => [ownerID, heads.get(ownerID) ?? untouched(ownerID)]));
  }

  async tailAfter(kind: VersionKind, ownerID: string, version: number, limit: number): Promise<LogTail> {
    const rows = await this.#db.reader
      .selectFrom('version_entries')
      .select(['item_id', 'state', 'version'])
      .where('kind', '=', kind)
      .where('owner_id', '=', ownerID)
      .where('version', '>', version)
      .orderBy('version')
      .limit(limit + 1)
      .execute();
    return toTail(rows, limit);
  }

  async tailsAfter(
    kind: VersionKind,
    versions: ReadonlyMap<string, number>,
    limit: number,
  ): Promise<ReadonlyMap<string, LogTail>> {
    const rowsByOwner = new Map<string, EntryRow[]>([...versions.keys()].map((ownerID) => [ownerID, []]));
    for (const piece of tailPieces([...versions])) {
      // Each log by its own index range and with its own limit, many in one statement.
      const tails = piece.map(
        ([ownerID, version]) => sql`SELECT * FROM (SELECT owner_id, item_id, state, version FROM version_entries
          WHERE kind = ${kind} AND owner_id = ${ownerID} AND version > ${version}
          ORDER BY version LIMIT ${limit + 1}) AS tail`,
      );
      const { rows } = await sql<EntryRow & { owner_id: string }>`${sql.join(tails, sql` UNION ALL `)}`.execute(
        this.#db.reader,
      );
      for (const row of rows) rowsByOwner.get(row.owner_id)?.push(row);
    }
    return new Map([...rowsByOwner].map(([ownerID, rows]) => [ownerID, toTail(rows, limit)]));
  }

  /** Raises the heads by so much, and takes each one's row lock until the transaction ends. */
  async #touchHeads(
    tx: Transaction,
    kind: VersionKind,
    ownerIDs: readonly string[],
    by: 0 | 1,
  ): Promise<ReadonlyMap<string, VersionHead>> {
    const { dialect } = this.#db;
    const heads = textTable(
      dialect,
      ['owner_id', 'version_id'],
      ownerIDs.map((ownerID) => [ownerID, this.#versionIDOf(kind, ownerID)]),
    );
    // Not by kysely's values: for a hundred thousand owners they cost more than what the database does.
    const { rows } = await sql<HeadRow>`
      INSERT INTO version_heads (kind, owner_id, version_id, version)
      SELECT CAST(${kind} AS text), k.owner_id, k.version_id, CAST(${versionWithoutChanges + by} AS bigint)
      FROM ${heads} WHERE true ORDER BY k.n
      ON CONFLICT (kind, owner_id) DO UPDATE SET version = version_heads.version + CAST(${by} AS bigint)
      RETURNING owner_id, version_id, version`.execute(this.#db.executor(tx));
    return new Map(rows.map(({ owner_id, version_id, version }) => [owner_id, { versionID: version_id, version }]));
  }

  async #writeEntries(
    tx: Transaction,
    kind: VersionKind,
    steps: readonly VersionStep[],
    heads: ReadonlyMap<string, VersionHead>,
  ): Promise<void> {
    const entries = steps.flatMap((step) => {
      const version = `${heads.get(step.ownerID)?.version ?? versionWithoutChanges}`;
      return entriesOf(step).map(({ itemID, state }) => [step.ownerID, itemID, `${changeStates[state]}`, version]);
    });
    for (const piece of insertPieces(entries)) {
      const written = textTable(this.#db.dialect, ['owner_id', 'item_id', 'state', 'version'], piece);
      await sql`
        INSERT INTO version_entries (kind, owner_id, item_id, state, version)
        SELECT CAST(${kind} AS text), k.owner_id, k.item_id, CAST(k.state AS integer), CAST(k.version AS bigint)
        FROM ${written} WHERE true ORDER BY k.n
        ON CONFLICT (kind, owner_id, item_id) DO UPDATE SET state = excluded.state, version = excluded.version
      `.execute(this.#db.executor(tx));
    }
  }

  /** Derived, so that reading a log that does not exist yet writes nothing. */
  #versionIDOf(kind: VersionKind, ownerID: string): string {
    return versionIDFrom([this.#epoch, kind, ownerID]);
  }
}

interface HeadRow {
  readonly owner_id: string;
  readonly version_id: string;
  readonly version: number;
}

interface EntryRow {
  readonly item_id: string;
  readonly state: number;
  readonly version: number;
}

/** @param rows in the order of their versions, one more than `limit` if there are more */
function toTail(rows: readonly EntryRow[], limit: number): LogTail {
  if (rows.length > limit) return { changes: [], sortVersion: 0, isOwnerChanged: false, isTooLong: true };
  return {
    changes: rows
      .filter(({ item_id }) => item_id !== resortedMark && item_id !== ownerMark)
      .map(({ item_id, state }) => ({ itemID: item_id, state: stateOf(state) })),
    sortVersion: rows.find(({ item_id }) => item_id === resortedMark)?.version ?? 0,
    isOwnerChanged: rows.some(({ item_id }) => item_id === ownerMark),
    isTooLong: false,
  };
}

function* tailPieces<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += tailsPerStatement) {
    yield items.slice(start, start + tailsPerStatement);
  }
}

const tailsPerStatement = 50;

/** Entries that are marks and no items; no ID holds a colon. */
const resortedMark = ':sort';
const ownerMark = ':owner';

function entriesOf({ changes, isResorted, isOwnerChanged }: VersionStep): readonly Change[] {
  const mark = (itemID: string): Change => ({ itemID, state: 'update' });
  return [
    ...changes,
    ...(isResorted === true ? [mark(resortedMark)] : []),
    ...(isOwnerChanged === true ? [mark(ownerMark)] : []),
  ];
}

function versionIDFrom(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
}

/** Clients take 0 for "never synced", so an empty log is at 1. */
const versionWithoutChanges = 1;

/** The numbers that OpenIM stores. */
export const changeStates: Readonly<Record<ChangeState, number>> = { insert: 1, delete: 2, update: 3 };

function stateOf(number: number): ChangeState {
  switch (number) {
    case changeStates.insert:
      return 'insert';
    case changeStates.delete:
      return 'delete';
    case changeStates.update:
      return 'update';
    default:
      throw new RangeError(`version entry with unknown state ${number}`);
  }
}

/** The epoch is the head of a log without a kind and an owner. */
async function readOrMakeEpoch(db: Database, newText: () => string): Promise<string> {
  await db.transaction((tx) =>
    db
      .executor(tx)
      .insertInto('version_heads')
      .values({ kind: '', owner_id: '', version_id: newText(), version: 0 })
      .onConflict((conflict) => conflict.columns(['kind', 'owner_id']).doNothing())
      .execute(),
  );
  const row = await db.reader
    .selectFrom('version_heads')
    .select('version_id')
    .where('kind', '=', '')
    .where('owner_id', '=', '')
    .executeTakeFirstOrThrow();
  return row.version_id;
}
