/** How much each job does at once (docs/jobs.md): few rows in one transaction, and others have their turn before the next. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { sql } from 'kysely';
import type { Database } from '../../src/database/database.ts';
import type { Schema } from '../../src/database/schema.ts';
import { Expiry } from '../../src/jobs/expiry.ts';
import { FileCollection } from '../../src/jobs/file-collection.ts';
import { FileRetention } from '../../src/jobs/file-retention.ts';
import { FileVerification } from '../../src/jobs/file-verification.ts';
import type { Job } from '../../src/jobs/jobs.ts';
import { Retention } from '../../src/jobs/retention.ts';
import { TimedDestruction } from '../../src/jobs/timed-destruction.ts';
import type { Transaction, UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import { Eraser } from '../../src/messaging/eraser.ts';
import { CutOffDevices } from '../../src/push/cut-off-devices.ts';
import { SqlClientLogStore } from '../../src/store/sql-client-log-store.ts';
import { SqlConversationStore } from '../../src/store/sql-conversation-store.ts';
import { SqlDeletionStore } from '../../src/store/sql-deletion-store.ts';
import { SqlEditStore } from '../../src/store/sql-edit-store.ts';
import { SqlFileStore } from '../../src/store/sql-file-store.ts';
import { insertPieces } from '../../src/store/sql-lists.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { SqlPushTokenStore } from '../../src/store/sql-push-token-store.ts';
import { SqlReactionStore } from '../../src/store/sql-reaction-store.ts';
import { SqlRevocationStore } from '../../src/store/sql-revocation-store.ts';
import { SqlTextIndexStore } from '../../src/store/sql-text-index-store.ts';
import { SqlTokenEndStore } from '../../src/store/sql-token-end-store.ts';
import { SqlTokenEventStore } from '../../src/store/sql-token-event-store.ts';
import { SqlTokenStore } from '../../src/store/sql-token-store.ts';
import { SqlVersionLogStore } from '../../src/store/sql-version-log-store.ts';
import { VersionLog } from '../../src/sync/version-log.ts';
import { within } from '../support/within.ts';

/** Runs a job whenever it is called, through this unit of work. @returns how much it says that it has done */
export type RunJob = (job: Job, unitOfWork: UnitOfWork, now: number) => Promise<number>;
/** Messages of a log, sent at those times. */
export type FillLog = (messages: SqlMessageStore, logID: string, times: readonly number[]) => Promise<unknown>;

interface Case {
  /** What is to be dealt with, beside what other tests have left: more than one transaction may hold. */
  readonly due: number;
  /** Of one transaction, beside those of the run itself. */
  readonly mostRows: number;
  readonly fewestSteps: number;
  fill(): Promise<void>;
  readonly job: Job;
}

/** The lease, and how far the run is; one of its end. */
const rowsOfRun = 3;
const now = 1e9;
const longAgo = 1000;

export async function jobBatchesSuite(t: TestContext, db: Database, peer: Database, run: RunJob, fill: FillLog) {
  const cases = await casesOf(db, fill);
  await t.test('the table has every job there is', () => {
    const page = readFileSync(new URL('../../docs/jobs.md', import.meta.url), 'utf8');
    const named = page.matchAll(/^\| `([a-z-]+)` \|/gm).map(([, name]) => name);
    assert.deepEqual(cases.map(({ job }) => job.name).toSorted(), [...new Set(named)].toSorted());
  });
  await t.test('cutoffs of tokens go in transactions of at most 1000 rows, too', () => tokens(db, peer));
  await t.test('a cutoff of everybody writes as much whatever it takes, and the devices go 250 at a time', () =>
    devicesOfAll(db, peer),
  );
  for (const { job, due, mostRows, fewestSteps, fill: fillDue } of cases) {
    await t.test(
      `${job.name}: ${due} in transactions of at most ${mostRows} rows, with others in between`,
      async () => {
        await fillDue();
        const counted = countedWork(db, peer);
        const done = await run(job, counted, now);
        assert.ok(done >= due, `${done}`);
        const rows = counted.rows.toSorted((a, b) => b - a);
        assert.ok((rows[0] ?? 0) <= mostRows + rowsOfRun, `the largest are of ${rows.slice(0, 3)} rows`);
        assert.ok(rows.length >= fewestSteps, `${rows.length} transactions`);
      },
    );
  }
}

async function tokens(db: Database, peer: Database): Promise<void> {
  const ended = numbers(1100).map((n) => ({
    user_id: `swept${n}`,
    platform_id: 1,
    not_before: 0,
    keep_until: longAgo,
  }));
  await insertRows(db, 'token_cutoffs', ended);
  await insertRows(db, 'token_end_cutoffs', ended);
  await insertRows(
    db,
    'token_end_cutoffs_but_one',
    ended.map((row) => ({ ...row, spares: 'jti' })),
  );
  const { rows, transaction } = countedWork(db, peer);
  const counted = { ...db, transaction };
  const devices = new SqlPushTokenStore(db);
  await new SqlTokenStore(counted, () => now, devices).sweepExpired();
  await new SqlTokenEndStore(counted, devices).sweep(now);
  assert.deepEqual(rows, [1000, 100, 0, 1000, 100, 1000, 100, 0]);
}

async function devicesOfAll(db: Database, peer: Database): Promise<void> {
  const device = { platform_id: 1, provider: 'fcm', topic: '', environment: '', jti: 'j', registered_at: now };
  const rowsOf = numbers(1100).map((n) => ({ ...device, user_id: `cut${n}`, token: `${n}`, login_at: longAgo }));
  await insertRows(
    db,
    'push_tokens',
    rowsOf.map((row) => ({ ...row, expires_at: 0 })),
  );
  const { rows, transaction } = countedWork(db, peer);
  const counted = { ...db, transaction };
  const devices = new SqlPushTokenStore(counted);
  await new SqlTokenStore(counted, () => now, devices).cutOff('', 0, now - 1, now);
  const cutoff = { userID: '', platformID: 0, notBefore: now, keepUntil: now };
  await new SqlTokenEndStore(counted, devices).cutOff(cutoff);
  assert.deepEqual(rows.splice(0), [2, 2], 'the cutoff, and that devices are to go');
  await using cutOffDevices = new CutOffDevices(devices);
  await cutOffDevices.sweep();
  // Of the first one's walk all, of the second one's none: it only says how far it is.
  assert.deepEqual(rows, [251, 251, 251, 251, 101, 1]);
}

/** Between two transactions another process's, which has come during the first, has its turn. */
function countedWork(db: Database, peer: Database): UnitOfWork & { readonly rows: number[] } {
  const rows: number[] = [];
  const messages = new SqlMessageStore(peer);
  const outside = AsyncLocalStorage.snapshot();
  return {
    rows,
    async transaction(work) {
      let others: Promise<unknown> = Promise.resolve();
      const result = await db.transaction(async (tx) => {
        const before = await changedRows(db, tx);
        const done = await work(tx);
        rows.push((await changedRows(db, tx)) - before);
        // In the log from which messages are taken: it waits for this transaction, and not for the next.
        others = outside(() => peer.transaction((other) => messages.lockLog(other, 'sg_heavy')));
        return done;
      });
      await within('a writer that came during a batch', others);
      return result;
    },
  };
}

/** Rows that the connection or the transaction has written so far: only what is added to it tells anything. */
async function changedRows(db: Database, tx: Transaction): Promise<number> {
  if (db.dialect === 'sqlite') {
    return Number(db.sqlite.within(tx).prepare('SELECT total_changes() AS n').get()?.n);
  }
  const counted = sql<{
    n: number;
  }>`SELECT SUM(n_tup_ins + n_tup_upd + n_tup_del)::int AS n FROM pg_stat_xact_user_tables`;
  return (await counted.execute(db.executor(tx))).rows[0]?.n ?? 0;
}

async function casesOf(db: Database, fillLog: FillLog): Promise<readonly Case[]> {
  const messages = new SqlMessageStore(db);
  const conversations = new SqlConversationStore(db);
  const files = new SqlFileStore(db);
  const [reactions, edits] = [new SqlReactionStore(db), new SqlEditStore(db)];
  const beside = { texts: new SqlTextIndexStore(db), reactions, edits };
  const stores = { revocations: new SqlRevocationStore(db), deletions: new SqlDeletionStore(db) };
  const clock = { now: () => now, isClockSteady: () => true };
  const blobs = { engine: 'here', abandon: nothing, remove: nothing, tidy: nothing, sizeOf: async () => 5 };
  const versionLog = new VersionLog(await SqlVersionLogStore.open(db, () => 'id'));
  const insert = (table: keyof Schema, rows: readonly object[]) => insertRows(db, table, rows);
  return [
    {
      due: 460,
      mostRows: 500 + 2 * 20,
      fewestSteps: 460 / 200 + 3000 / 500,
      // Messages, some of which drag a lot along, and logs of one message each.
      async fill() {
        await fillLog(messages, 'sg_heavy', times(400, longAgo));
        const reacted = numbers(3000).map((n) => ({ user_id: `u${n}`, seq: 1 + (n % 20) }));
        const reaction = { conversation_id: 'sg_heavy', reaction: '+', reacted_at: longAgo };
        await insert(
          'message_reactions',
          reacted.map((row) => ({ ...reaction, ...row })),
        );
        for (const n of numbers(60)) await fillLog(messages, `sg_light_${n}`, [longAgo]);
      },
      job: new Retention({
        ...clock,
        messages,
        eraser: new Eraser({ messages, ...stores, ...beside, unitOfWork: db, now: clock.now }),
        keepMs: 500_000_000,
        onErased: () => {},
      }),
    },
    {
      due: 30,
      mostRows: 4,
      fewestSteps: 30,
      async fill() {
        await fillLog(messages, 'sg_ending', times(600, now - 20_000));
        const owned = { conversation_id: 'sg_ending', conversation_type: 3, user_id: '', group_id: 'ending' };
        const ending = { ...owned, is_msg_destruct: 1, msg_destruct_time: 10, created_at: longAgo };
        await insert(
          'conversations',
          numbers(30).map((n) => ({ ...ending, owner_user_id: `u${n}` })),
        );
      },
      job: new TimedDestruction({
        conversations,
        messages: readInTurns(messages),
        versionLog,
        notifier: { notify: async () => [] },
        now: clock.now,
        hasClockStepped: () => false,
        newOperationID: () => 'op',
        onDestructed: () => {},
      }),
    },
    {
      due: 1100,
      mostRows: 500,
      fewestSteps: 3,
      fill: () => {
        const event = { at: longAgo, kind: 'issued', user_id: 'u', platform_id: 1, jti: 'j', actor: '', reason: '' };
        return insert(
          'token_events',
          numbers(1100).map(() => ({ ...event, operation_id: 'op' })),
        );
      },
      job: new Expiry({ ...clock, name: 'token-events', store: new SqlTokenEventStore(db), keep: keepOneMs }),
    },
    {
      due: 1100,
      mostRows: 500,
      fewestSteps: 3,
      fill: () => {
        const log = { user_id: 'u', created_at: longAgo, platform: '', url: '', filename: '', app_framework: '' };
        return insert(
          'client_logs',
          numbers(1100).map((n) => ({ ...log, log_id: `l${n}`, version: '', ex: '' })),
        );
      },
      job: new Expiry({ ...clock, name: 'client-logs', store: new SqlClientLogStore(db), keep: keepOneMs }),
    },
    {
      due: 250,
      mostRows: 200,
      fewestSteps: 3,
      async fill() {
        const object = { engine: 'here', size: 5, content_type: '', object_group: 'old', owner_user_id: 'u' };
        const named = numbers(250).map((n) => ({ name: `o${n}`, blob_key: `old${n}` }));
        await insert(
          'objects',
          named.map((row) => ({ ...object, ...row, created_at: longAgo })),
        );
        await insert('blobs', blobRows(250, 'old', 0));
      },
      job: new FileRetention({ ...clock, store: files, keepMs: 1, groups: ['old'] }),
    },
    {
      due: 60,
      mostRows: 1,
      fewestSteps: 90,
      async fill() {
        const upload = { secret: '', user_id: 'u', name: 'n', hash: '', size: 5, part_size: 5, content_type: '' };
        const ended = { ...upload, object_group: '', blob_key: 'none', engine: 'here', engine_ref: '', kind: 'parts' };
        const rows = numbers(30).map((n) => ({ ...ended, id: `up${n}`, created_at: 0, expires_at: longAgo }));
        await insert(
          'uploads',
          rows.map((row) => ({ ...row, completed_as: '' })),
        );
        await insert('blobs', blobRows(30, 'unused', longAgo));
      },
      job: new FileCollection({ ...clock, store: files, blobs, onBlobCollected: () => {} }),
    },
    {
      due: 250,
      mostRows: 0,
      fewestSteps: 3,
      async fill() {
        const object = { engine: 'here', size: 5, content_type: '', object_group: '', owner_user_id: 'u' };
        const named = numbers(250).map((n) => ({ name: `v${n}`, blob_key: `there${n}` }));
        await insert(
          'objects',
          named.map((row) => ({ ...object, ...row, created_at: now })),
        );
        await insert('blobs', blobRows(250, 'there', 0));
      },
      job: new FileVerification({ store: files, blobs, onFaults: () => assert.fail('all of them are there') }),
    },
  ];
}

/** Within the process a page is there at once: the event loop has to turn before the next one is asked for. */
function readInTurns(messages: SqlMessageStore): Pick<SqlMessageStore, 'times'> {
  let hasTurned = true;
  return {
    times(logID, after, limit) {
      assert.ok(hasTurned, 'two pages in one turn of the event loop');
      hasTurned = false;
      setImmediate(() => {
        hasTurned = true;
      });
      return messages.times(logID, after, limit);
    },
  };
}

async function insertRows(db: Database, table: keyof Schema, rows: readonly object[]): Promise<void> {
  await db.transaction(async (tx) => {
    for (const piece of insertPieces(rows)) {
      await db
        .executor(tx)
        .insertInto(table)
        .values(piece as never)
        .execute();
    }
  });
}

const keepOneMs = { setting: 'keep', ms: () => 1 };

async function nothing(): Promise<void> {}

function numbers(count: number): readonly number[] {
  return [...Array(count).keys()];
}

function times(count: number, at: number): readonly number[] {
  return Array(count).fill(at);
}

function blobRows(count: number, prefix: string, unusedSince: number) {
  const blob = { engine: 'here', hash: '', size: 5, created_at: 0, unused_since: unusedSince, doomed_at: 0 };
  return numbers(count).map((n) => ({ ...blob, blob_key: `${prefix}${n}` }));
}
