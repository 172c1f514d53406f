/**
 * The durable database as adapters see it: Kysely for ordinary queries, the engine's own handle for the hot paths.
 * SQLite and PostgreSQL differ only here, in the two dialect files, and where an adapter says why.
 */
import type { Kysely } from 'kysely';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import type { Migrated } from './migrate.ts';
import type { PostgresConnection, PostgresConnections, Statement } from './postgres-connections.ts';
import type { PrimaryFence } from './primary-fence.ts';
import type { Schema } from './schema.ts';
import type { SqliteHandle } from './sqlite-database.ts';
import type { WriteHealthObserver } from './write-health.ts';

export type Dialect = 'sqlite' | 'postgres';

interface CommonDatabase extends UnitOfWork, AsyncDisposable {
  /** Reads of committed data, outside any transaction. */
  readonly reader: Kysely<Schema>;
  /** The executor for a store method's queries: the transaction's own, or the reader without one. */
  executor(tx?: Transaction): Kysely<Schema>;
  /** Resolves if the database answers; rejects otherwise. For /readyz. */
  ping(): Promise<void>;
}

export interface SqliteDatabase extends CommonDatabase {
  readonly dialect: 'sqlite';
  readonly sqlite: SqliteHandle;
}

export interface PostgresDatabase extends CommonDatabase {
  readonly dialect: 'postgres';
  readonly connections: PostgresConnections;
  /** Of a node, on an engine that has timelines. */
  readonly primary: PrimaryFence | undefined;
  /** Runs `work` in one transaction, again from the start if the database asks for that. @throws what `work` throws. */
  write<T>(work: BriefWork<T> | ((connection: PostgresConnection) => Promise<T>)): Promise<T>;
}

/** A transaction of two round trips: in the first it begins, in the second it ends. Locks are held for the second. */
export interface BriefWork<T> {
  /** Locks and reads; nothing that would matter if the transaction turned out not to have begun. */
  readonly first: readonly Statement[];
  /** @param found the rows of each of the first. @returns what is written */
  decide(found: readonly (readonly object[])[]): { readonly result: T; readonly last: readonly Statement[] };
}

export type Database = SqliteDatabase | PostgresDatabase;

/** Who opens a database, and what it tells beside what its callers are told. */
export interface DatabaseObserver extends WriteHealthObserver {
  readonly onEffectFailure: EffectFailureListener;
  /** A transaction did not come to its end; called where its operation is known. */
  readonly onOverdue?: (error: unknown) => void;
  /** The version of this program, which the schema keeps if it is brought up to date. */
  readonly program?: string;
  /** The schema was brought up to date. */
  readonly onMigrated?: (migrated: Migrated) => void;
}

/** What a failed after-commit effect is reported to; the application logs it. */
export type EffectFailureListener = (error: unknown) => void;
