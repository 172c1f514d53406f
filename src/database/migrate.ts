/** Brings a database to the newest schema. Safe to run on several nodes at once: the migrator takes a lock. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { StartError } from '../kernel/start-error.ts';
import type { Dialect } from './database.ts';
import { up as core } from './migrations/001-core.ts';
import { up as userRecords } from './migrations/002-user-records.ts';
import { up as tokenAuthority } from './migrations/003-token-authority.ts';
import { up as outbox } from './migrations/004-outbox.ts';
import { up as serverGuard } from './migrations/005-server-guard.ts';
import { up as toldAndSent } from './migrations/006-told-and-sent.ts';
import { up as liveTokens } from './migrations/007-live-tokens.ts';
import { up as logIDs } from './migrations/008-log-ids.ts';
import { up as schemaVersionStep } from './migrations/009-schema-version.ts';
import { up as tokenLogins } from './migrations/010-token-logins.ts';
import { up as tokenEnds } from './migrations/011-token-ends.ts';
import { up as tokenKeys } from './migrations/012-token-keys.ts';
import { up as peopleAndGroups } from './migrations/013-people-and-groups.ts';
import { up as deletedConversations } from './migrations/014-deleted-conversations.ts';
import { up as conversationsByPeer } from './migrations/015-conversations-by-peer.ts';
import { up as messageTimes } from './migrations/016-message-times.ts';
import { up as sentOperations } from './migrations/017-sent-operations.ts';
import { up as revocations } from './migrations/018-revocations.ts';
import { up as groupCalls } from './migrations/019-group-calls.ts';
import { up as commitMarks } from './migrations/020-commit-marks.ts';
import { up as textIndex } from './migrations/021-text-index.ts';
import { up as deletions } from './migrations/022-deletions.ts';
import { up as reactions } from './migrations/023-reactions.ts';
import { up as jobs } from './migrations/024-jobs.ts';
import { up as edits } from './migrations/025-edits.ts';
import { up as outgoing } from './migrations/026-outgoing.ts';
import { up as pushTokens } from './migrations/027-push-tokens.ts';
import { up as jobRuns } from './migrations/028-job-runs.ts';
import { up as deliveries } from './migrations/029-deliveries.ts';
import { up as clientLogs } from './migrations/030-client-logs.ts';
import { up as files } from './migrations/031-files.ts';
import { up as outboxClaims } from './migrations/032-outbox-claims.ts';
import { up as settings } from './migrations/033-settings.ts';
import { up as oldestProgram } from './migrations/034-oldest-program.ts';
import { up as fileUsage } from './migrations/035-file-usage.ts';
import { up as toldOnline } from './migrations/036-told-online.ts';
import { up as cutoffsButOne } from './migrations/037-cutoffs-but-one.ts';
import { up as tokenTrailUnindexed } from './migrations/039-token-trail-unindexed.ts';
import { up as tokenEndsByExpiry } from './migrations/040-token-ends-by-expiry.ts';
import { up as messageKeys } from './migrations/041-message-keys.ts';
import { up as pushTokenLogins } from './migrations/042-push-token-logins.ts';
import { up as pushCutoffs } from './migrations/043-push-cutoffs.ts';

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
  '009-schema-version': schemaVersionStep,
  '010-token-logins': tokenLogins,
  '011-token-ends': tokenEnds,
  '012-token-keys': tokenKeys,
  '013-people-and-groups': peopleAndGroups,
  '014-deleted-conversations': deletedConversations,
  '015-conversations-by-peer': conversationsByPeer,
  '016-message-times': messageTimes,
  '017-sent-operations': sentOperations,
  '018-revocations': revocations,
  '019-group-calls': groupCalls,
  '020-commit-marks': commitMarks,
  '021-text-index': textIndex,
  '022-deletions': deletions,
  '023-reactions': reactions,
  '024-jobs': jobs,
  '025-edits': edits,
  '026-outgoing': outgoing,
  '027-push-tokens': pushTokens,
  '028-job-runs': jobRuns,
  '029-deliveries': deliveries,
  '030-client-logs': clientLogs,
  '031-files': files,
  '032-outbox-claims': outboxClaims,
  '033-settings': settings,
  '034-oldest-program': oldestProgram,
  '035-file-usage': fileUsage,
  '036-told-online': toldOnline,
  '037-cutoffs-but-one': cutoffsButOne,
  '039-token-trail-unindexed': tokenTrailUnindexed,
  '040-token-ends-by-expiry': tokenEndsByExpiry,
  '041-message-keys': messageKeys,
  '042-push-token-logins': pushTokenLogins,
  '043-push-cutoffs': pushCutoffs,
};

/**
 * The number of a schema: programs that know it may run on what the steps above make of it. Whoever adds a step that an
 * older program cannot live with raises it to the first that can: a column is added in one version, and what it replaces
 * is removed in a later one, when nobody reads it any more.
 */
export const oldestKnown = 34;

/** The same of the embedded database, where no two programs serve side by side. */
const oldestEmbedded = 41;

/** A database whose schema was brought up to date. */
export interface Migrated {
  /** Numbers of the newest migrations; `from` is 0 for a new database. */
  readonly from: number;
  readonly to: number;
}

/** @throws StartError unless the database has the schema of this program: it is served by a program of another version. */
export async function requireLatest(db: Kysely<never>): Promise<void> {
  const applied = await appliedSteps(db);
  if (applied.length === Object.keys(steps).length && applied.every((name) => steps[name] !== undefined)) return;
  throw new StartError(
    `a Tessera of another version runs on this database: it has schema ${numberOf(applied)}, this one knows ${schemaVersion}. Stop it first.`,
  );
}

/**
 * In one transaction: all steps hold or none, and a crash in between leaves nothing half done. What nodes use meanwhile
 * that are at work already is waited for, but not for long, since whoever comes after waits as well; then it is tried
 * again.
 * @param program the version of this program
 * @returns undefined if there was nothing to do
 * @throws StartError if the database was made by a newer program that leaves nothing to this one; a step's error
 */
export async function migrateToLatest(
  db: Kysely<never>,
  dialect: Dialect,
  program: string,
): Promise<Migrated | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute((tx) => migrate(tx, dialect, program));
    } catch (error) {
      if (attempt === maxAttempts || !isLockTimeout(error)) throw error;
      await delay(pauseMs);
    }
  }
}

/** For a minute and a half in all. */
const maxAttempts = 60;
const lockTimeoutMs = 1000;
const pauseMs = 500;

/** lock_not_available, as the cause of the migrator's error. */
function isLockTimeout(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error && 'code' in cause && cause.code === '55P03';
}

async function migrate(db: Kysely<never>, dialect: Dialect, program: string): Promise<Migrated | undefined> {
  // Nodes that start together: the second one finds nothing left to do. It ends with the transaction, as a pooler needs it.
  if (dialect === 'postgres') {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(migrationLockKey)})`.execute(db);
    await sql`SELECT set_config('lock_timeout', ${sql.lit(String(lockTimeoutMs))}, true)`.execute(db);
  }
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  const has = (table: string) => tables.some(({ name }) => name === table);
  const applied = has('kysely_migration') ? await appliedSteps(db) : [];
  const lacking = Object.keys(steps).filter((name) => !applied.includes(name));
  if (applied.some((name) => steps[name] === undefined)) {
    const maker = await findMaker(db, has('schema_version'), applied);
    if (lacking.length > 0 || maker.oldest > schemaVersion) throw new StartError(tooNew(applied, program, maker));
  }
  if (lacking.length === 0) return undefined;

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
  const oldest = dialect === 'sqlite' ? oldestEmbedded : oldestKnown;
  await sql`UPDATE schema_version SET program = ${program}, oldest = ${oldest}`.execute(db);
  return { from: numberOf(applied), to: schemaVersion };
}

/** Any number that other programs on the database are unlikely to lock. */
const migrationLockKey = 7_355_437_203;

async function appliedSteps(db: Kysely<never>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(db);
  return rows.map(({ name }) => name);
}

/** Of a database that a newer program has brought up to date. */
interface Maker {
  readonly program: string;
  /** See {@link oldestKnown}. */
  readonly oldest: number;
}

async function findMaker(db: Kysely<never>, isKnown: boolean, applied: readonly string[]): Promise<Maker> {
  const unknown = { program: 'of a later version', oldest: numberOf(applied) };
  if (!isKnown) return unknown;
  const { rows } = await sql<Partial<Maker>>`SELECT * FROM schema_version`.execute(db);
  return { ...unknown, ...rows[0] };
}

function tooNew(applied: readonly string[], program: string, maker: Maker): string {
  return (
    `the database has schema ${numberOf(applied)}, made by Tessera ${maker.program}, which only programs that know schema ${maker.oldest} can use; ` +
    `this is Tessera ${program}, which knows schemas up to ${schemaVersion}. ` +
    'Start the newer version again, or restore the backup from before the upgrade (docs/upgrading.md).'
  );
}

/** The number of the newest of the named migrations, 0 without one. */
function numberOf(names: readonly string[]): number {
  return Math.max(0, ...names.map((name) => Number.parseInt(name, 10)));
}

/** What a database of this program has. */
const schemaVersion = numberOf(Object.keys(steps));
