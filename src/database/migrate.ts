/** Brings a database to the newest schema. Safe to run on several nodes at once: the migrator takes a lock. */
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Dialect } from './database.ts';
import { up as core } from './migrations/001-core.ts';
import { up as userRecords } from './migrations/002-user-records.ts';
import { up as tokenAuthority } from './migrations/003-token-authority.ts';
import { up as outbox } from './migrations/004-outbox.ts';
import { up as serverGuard } from './migrations/005-server-guard.ts';
import { up as toldAndSent } from './migrations/006-told-and-sent.ts';
import { up as liveTokens } from './migrations/007-live-tokens.ts';
import { up as logIDs } from './migrations/008-log-ids.ts';

type Step = (db: Kysely<unknown>, dialect: Dialect) => Promise<void>;

const steps: Readonly<Record<string, Step>> = {
  '001-core': core,
  '002-user-records': userRecords,
  '003-token-authority': tokenAuthority,
  '004-outbox': outbox,
  '005-server-guard': serverGuard,
  '006-told-and-sent': toldAndSent,
  '007-live-tokens': liveTokens,
  '008-log-ids': logIDs,
};

/** In one transaction: all steps hold or none, and a crash in between leaves nothing half done. @throws a step's error */
export function migrateToLatest(db: Kysely<never>, dialect: Dialect): Promise<void> {
  return db.transaction().execute((tx) => migrate(tx, dialect));
}

async function migrate(db: Kysely<never>, dialect: Dialect): Promise<void> {
  const migrations: Record<string, Migration> = {};
  for (const [name, step] of Object.entries(steps)) {
    migrations[name] = { up: (tx) => step(tx, dialect) };
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'start';
    throw new Error(`database migration failed at ${failed}`, { cause: error });
  }
}
