/** What one owner has is judged by one transaction at a time, so that two together do not exceed a quota. */
import { crc32 } from 'node:zlib';
import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';

/**
 * Waits for every other transaction that judges the same, and keeps those that come waiting until this one ends: what it
 * reads of the owner from now on counts what they have committed. Two owners may now and then wait for one another.
 */
export async function lockOwner(db: Database, tx: Transaction, kind: OwnedKind, ownerID: string): Promise<void> {
  // On SQLite transactions run one after another anyway.
  if (db.dialect === 'sqlite') return;
  // Locks of two numbers are apart from those of one, such as the fence of the guard.
  await sql`SELECT pg_advisory_xact_lock(${lockSpaces[kind]}::int, ${crc32(ownerID) | 0}::int)`.execute(
    db.executor(tx),
  );
}

/** Any numbers that other programs on the database are unlikely to lock. */
const lockSpaces = {
  userCommands: 7_355_001,
  clientConfigs: 7_355_002,
  clientLogs: 7_355_003,
  files: 7_355_004,
  objectNames: 7_355_005,
};

export type OwnedKind = keyof typeof lockSpaces;
