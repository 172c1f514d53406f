/** What runs by the clock, on both engines: leases, retention and timed destruction; conversations-messages.md 8.5. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConversationRows } from '../../src/conversations/conversation-rows.ts';
import type { Database } from '../../src/database/database.ts';
import { ClockRecord } from '../../src/jobs/clock-record.ts';
import { type Job, Jobs, type JobsObserver } from '../../src/jobs/jobs.ts';
import { Retention } from '../../src/jobs/retention.ts';
import { TimedDestruction } from '../../src/jobs/timed-destruction.ts';
import type { CallContext } from '../../src/kernel/caller.ts';
import type { Schedule } from '../../src/kernel/cron.ts';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import { Eraser } from '../../src/messaging/eraser.ts';
import { SqlConversationStore } from '../../src/store/sql-conversation-store.ts';
import { SqlConversationViewStore } from '../../src/store/sql-conversation-view-store.ts';
import { SqlDeletionStore } from '../../src/store/sql-deletion-store.ts';
import { SqlEditStore } from '../../src/store/sql-edit-store.ts';
import { SqlJobStore } from '../../src/store/sql-job-store.ts';
import { SqlLeaseStore } from '../../src/store/sql-lease-store.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { SqlReactionStore } from '../../src/store/sql-reaction-store.ts';
import { SqlRevocationStore } from '../../src/store/sql-revocation-store.ts';
import { SqlTextIndexStore } from '../../src/store/sql-text-index-store.ts';
import { within } from '../support/within.ts';
import { type Databases, testOnEveryDatabase } from './every-database.ts';
import { jobBatchesSuite, type RunJob } from './job-batches.suite.ts';
import { callBy } from './support/group-domain.ts';

testOnEveryDatabase('Jobs', async (t, { db, peer }: Databases) => {
  await t.test('a lease is of one holder until it ends or is released, and a later one fences the one before off', () =>
    leases(db, peer),
  );
  await t.test('one process sweeps; the next one goes on when it ends, and what it still does writes nothing', () =>
    takeover(db, peer),
  );
  await t.test('a job runs when its schedule says, what was missed once, and what failed again after a while', () =>
    schedule(db, peer),
  );
  await t.test('a run whose process has died is begun again, long before its schedule', () => died(db, peer));
  await t.test('what fails again and again waits longer and longer', () => pauses(db));
  await t.test('an admin has a job run, and whichever process hears of it first does', () => asked(db, peer));
  await t.test('F25 a process restarted every few minutes believes its clock as well as one that stays', () =>
    clockRecord(db, peer),
  );
  await t.test('F25 what is older than it is kept goes with the next sweep, the oldest first, and nothing before', () =>
    retention(db),
  );
  await t.test('F25 each message leaves its owner’s window with the first sweep after its end, and not before', (sub) =>
    destruction(sub, db),
  );
  await t.test('no job holds up others for long', (sub) => jobBatchesSuite(sub, db, peer, runOnce(db), fill));
});

/** A run of its own, whatever ran before. */
function runOnce(db: Database): RunJob {
  return async (job, unitOfWork, now) => {
    const observer = { ...quiet, failed: (_job: string, error: unknown) => assert.fail(error as Error) };
    const jobs = openJobs(db, job, { now }, { observer, unitOfWork });
    await jobs.look();
    return (await jobs.list(admin))[0]?.done ?? 0;
  };
}

async function leases(db: Database, peer: Database): Promise<void> {
  const [a, b] = [new SqlLeaseStore(db), new SqlLeaseStore(peer)];
  const take = (who: SqlLeaseStore, at: Database, holder: string, now: number) =>
    at.transaction((tx) => who.take(tx, 'work', holder, now, 10));
  const first = await take(a, db, 'a', 100);
  assert.ok(first);
  assert.equal(await take(b, peer, 'b', 109), undefined);
  assert.ok(await db.transaction((tx) => a.extend(tx, first, 110, 10)));
  assert.equal(await take(b, peer, 'b', 110), undefined);
  const second = await take(b, peer, 'b', 120);
  assert.ok(second && second.fence > first.fence);
  assert.equal(await db.transaction((tx) => a.extend(tx, first, 190, 10)), false);
  await db.transaction((tx) => a.release(tx, first));
  assert.equal(await take(a, db, 'a', 125), undefined);
  await peer.transaction((tx) => b.release(tx, second));
  assert.ok(await take(a, db, 'a', 125));
  if (db.dialect !== 'postgres') return;
  // Of nodes: whatever they say what time it is, it is PostgreSQL's clock that ends them.
  const [here, there] = [new SqlLeaseStore(db, true), new SqlLeaseStore(peer, true)];
  const hold = (who: SqlLeaseStore, at: Database, holder: string, now: number, holdMs: number) =>
    at.transaction((tx) => who.take(tx, 'by its own time', holder, now, holdMs));
  const held = await hold(here, db, 'a', 0, 60_000);
  assert.ok(held);
  assert.equal(await hold(there, peer, 'b', Number.MAX_SAFE_INTEGER, 10), undefined);
  assert.ok(await db.transaction((tx) => here.extend(tx, held, 0, 0)));
  assert.ok(await hold(there, peer, 'b', 0, 10));
}

async function takeover(db: Database, peer: Database): Promise<void> {
  const time = { now: 1000 };
  const done: string[] = [];
  const failures: unknown[] = [];
  const open = (at: Database, holder: string, sweep: Job['sweep']) =>
    openJobs(at, { name: 'shared', heldBack: () => undefined, sweep }, time, {
      holder,
      observer: { ...quiet, done: () => done.push(holder), failed: (_job, error) => failures.push(error) },
    });
  let stall: (() => Promise<void>) | undefined;
  const first = open(db, 'first', async (step, progress) => {
    await step(async () => done.push('a step'));
    progress(1);
    await stall?.();
    await step(async () => done.push('a step too late'));
  });
  const second = open(peer, 'second', (step) => step(async () => {}));
  const record = async () => (await second.list(admin))[0];
  stall = async () => {
    await second.look();
    assert.deepEqual(done, ['a step'], 'the first one has it');
    assert.partialDeepStrictEqual(await record(), { outcome: 'running', holder: 'first', startedAt: 1000, endedAt: 0 });
    time.now += 30_000;
    await second.look();
  };
  await first.look();
  assert.deepEqual(done, ['a step', 'second']);
  assert.partialDeepStrictEqual(await record(), { outcome: 'done', holder: 'second', startedAt: 31_000 });
  await second[Symbol.asyncDispose]();
  stall = undefined;
  await first.look();
  assert.deepEqual(done, ['a step', 'second', 'a step', 'a step too late', 'first']);
  assert.partialDeepStrictEqual(await record(), { outcome: 'done', holder: 'first', done: 1, failure: '' });
  await first[Symbol.asyncDispose]();
  assert.deepEqual(failures, []);
}

/** At every full second. */
const eachSecond: Schedule = { next: (after) => (Math.floor(after / 1000) + 1) * 1000 };

async function schedule(db: Database, peer: Database): Promise<void> {
  const time = { now: 10_500 };
  const runs: number[] = [];
  const overdue: number[] = [];
  let fails = false;
  let heldBack: string | undefined;
  const job: Job = {
    name: 'timed',
    heldBack: () => heldBack,
    sweep: async (step) => {
      runs.push(time.now);
      await step(async () => {});
      if (fails) throw Object.assign(new TypeError('of which nobody is to know more'), { code: 'EBAD' });
    },
  };
  const observer = { ...quiet, overdue: (_job: string, ms: number) => overdue.push(ms) };
  const open = (at: Database) => openJobs(at, job, time, { schedule: eachSecond, observer });
  const [one, other] = [open(db), open(peer)];
  const lookAt = async (now: number) => {
    time.now = now;
    runs.length = 0;
    await Promise.all([one.look(), other.look()]);
    return [...runs];
  };
  const report = async () => (await other.list(admin))[0];
  // It never ran; then it is in time.
  assert.deepEqual(await lookAt(10_500), [10_500]);
  assert.deepEqual(await lookAt(10_999), []);
  assert.equal((await report())?.nextAt, 11_000);
  assert.deepEqual(await lookAt(11_000), [11_000]);
  // Nobody was there at 12, 13 and 14: once, whoever comes first, and a new process knows it too.
  overdue.length = 0;
  assert.deepEqual(await lookAt(14_800), [14_800]);
  assert.ok(overdue.includes(2800));
  await open(peer).look();
  assert.deepEqual(runs, [14_800]);
  // What fails is tried again after a pause that grows, here before its schedule and there after it.
  fails = true;
  assert.deepEqual(await lookAt(15_000), [15_000]);
  assert.partialDeepStrictEqual(await report(), { outcome: 'failed', failure: 'TypeError EBAD', failures: 1 });
  assert.equal((await report())?.nextAt, 16_000);
  fails = false;
  assert.deepEqual(await lookAt(16_000), [16_000]);
  assert.partialDeepStrictEqual(await report(), { outcome: 'done', failure: '', failures: 0 });
  // A clock that was a day ahead when it ran last.
  assert.deepEqual(await lookAt(86_416_000), [86_416_000]);
  assert.deepEqual(await lookAt(17_000), [17_000]);
  // Held back, it neither runs nor counts as late.
  heldBack = 'it is off';
  overdue.length = 0;
  assert.deepEqual(await lookAt(60_000), []);
  assert.deepEqual(overdue, [0, 0]);
  assert.equal((await report())?.heldBack, 'it is off');
  await assert.rejects(one.request(admin, 'timed'), { code: 1001 });
  heldBack = undefined;
  assert.deepEqual(await lookAt(60_000), [60_000]);
}

async function asked(db: Database, peer: Database): Promise<void> {
  const time = { now: 5000 };
  let runs = 0;
  const secondRun = Promise.withResolvers<void>();
  const job: Job = {
    name: 'asked',
    heldBack: () => undefined,
    sweep: async () => {
      if (++runs === 2) secondRun.resolve();
    },
  };
  const never: Schedule = { next: () => undefined };
  const [one, other] = [db, peer].map((at) => openJobs(at, job, time, { schedule: never }));
  assert.ok(one && other);
  await one.look();
  assert.equal(runs, 0);
  await other.request(admin, 'asked');
  await one.look();
  await other.look();
  assert.equal(runs, 1);
  assert.partialDeepStrictEqual((await one.list(admin))[0], { outcome: 'done', nextAt: 0 });
  await assert.rejects(one.request(admin, 'unknown'), { code: 1004 });
  await assert.rejects(one.request(user, 'asked'), { code: 1002 });
  await assert.rejects(one.list(user), { code: 1002 });
  // One that looks at the clock by itself hears of it at once.
  one.start();
  await one.request(admin, 'asked');
  await within('the run that was asked for', secondRun.promise);
  await one[Symbol.asyncDispose]();
}

async function died(db: Database, peer: Database): Promise<void> {
  const time = { now: 1e6 };
  const daily: Schedule = { next: (after) => after + 86_400_000 };
  const { promise: stuck, resolve: letGo } = Promise.withResolvers<void>();
  const ran: string[] = [];
  const job = (who: string, rest: Promise<void>): Job => ({
    name: 'died',
    heldBack: () => undefined,
    sweep: async (step) => {
      ran.push(who);
      await rest;
      await step(async () => {});
    },
  });
  const one = openJobs(db, job('one', stuck), time, { schedule: daily });
  const other = openJobs(peer, job('other', Promise.resolve()), time, { schedule: daily });
  const look = one.look();
  await within('the run to begin', begun(other, 'running'));
  await other.look();
  assert.deepEqual(ran, ['one'], 'it has the lease');
  time.now += 30_000;
  await other.look();
  assert.deepEqual(ran, ['one', 'other']);
  letGo();
  await look;
  assert.partialDeepStrictEqual((await other.list(admin))[0], { outcome: 'done', startedAt: 1_030_000 });
}

async function begun(jobs: Jobs, outcome: string): Promise<void> {
  while ((await jobs.list(admin))[0]?.outcome !== outcome) await nextTurn();
}

async function pauses(db: Database): Promise<void> {
  const time = { now: 0 };
  const yearly: Schedule = { next: (after) => after + 1e10 };
  let runs = 0;
  const job: Job = {
    name: 'failing',
    heldBack: () => undefined,
    sweep: async () => {
      runs++;
      throw new Error('no');
    },
  };
  time.now = 1e6;
  const jobs = openJobs(db, job, time, { schedule: yearly });
  await jobs.look();
  for (const pauseMs of [60_000, 120_000, 240_000]) {
    time.now += pauseMs - 1;
    await jobs.look();
    time.now += 1;
    const before = runs;
    await jobs.look();
    assert.equal(runs, before + 1);
  }
  assert.equal(runs, 4);
}

async function clockRecord(db: Database, peer: Database): Promise<void> {
  const time = { now: 1e9 };
  const watch = { isSteady: () => false, hasStepped: () => false };
  const open = (at: Database, its = watch) =>
    new ClockRecord({ store: new SqlJobStore(at), unitOfWork: at, watch: its, now: () => time.now });
  const isSteadyAfter = async (ms: number, record: ClockRecord) => {
    time.now += ms;
    await record.look();
    return record.isSteady();
  };
  assert.equal(await isSteadyAfter(0, open(db)), false);
  // Restarted every nine minutes.
  for (let restarts = 0; restarts < 6; restarts++) assert.equal(await isSteadyAfter(540_000, open(peer)), false);
  assert.equal(await isSteadyAfter(540_000, open(db)), true);
  assert.equal(await isSteadyAfter(0, open(db, { ...watch, hasStepped: () => true })), false);
  assert.equal(await isSteadyAfter(514_000, open(db)), false, 'the clock was set');
  // Away for a year, or a clock that says so.
  for (let looks = 0; looks < 8; looks++) await isSteadyAfter(540_000, open(db));
  assert.equal(await isSteadyAfter(1, open(db)), true);
  assert.equal(await isSteadyAfter(31_536_000_000, open(db)), false);
  assert.equal(await isSteadyAfter(-31_536_000_000, open(db)), false, 'and back');
  assert.equal(await isSteadyAfter(0, open(db, { isSteady: () => true, hasStepped: () => false })), true);
}

async function retention(db: Database): Promise<void> {
  const time = { now: 10_000 };
  const messages = new SqlMessageStore(db);
  const stores = { revocations: new SqlRevocationStore(db), deletions: new SqlDeletionStore(db) };
  const texts = new SqlTextIndexStore(db);
  const beside = { texts, reactions: new SqlReactionStore(db), edits: new SqlEditStore(db) };
  const eraser = new Eraser({ messages, ...stores, ...beside, unitOfWork: db, now: () => time.now });
  const erased: number[] = [];
  const job = new Retention({
    messages,
    eraser,
    keepMs: 1000,
    now: () => time.now,
    isClockSteady: () => true,
    onErased: (count) => erased.push(count),
  });
  await fill(messages, 'si_keep', [8000, 9000, 9001]);
  // Chosen by a back end: it ends before the one before it.
  await fill(messages, 'sg_keep', [9500, 8000], true);
  const jobs = alone(db, job, time);
  const seqs = async (logID: string) => (await messages.times(logID, 0, 9)).map(({ seq }) => seq);
  const minSeq = async (logID: string) => (await messages.bounds([logID])).get(logID)?.minSeq;
  await jobs.look();
  assert.deepEqual([await seqs('si_keep'), await minSeq('si_keep')], [[2, 3], 2]);
  assert.deepEqual([await seqs('sg_keep'), await minSeq('sg_keep')], [[1], 1]);
  time.now += 1;
  await jobs.look();
  assert.deepEqual([await seqs('si_keep'), await minSeq('si_keep')], [[3], 3]);
  time.now += 10_000;
  await jobs.look();
  assert.deepEqual([await seqs('si_keep'), await minSeq('si_keep')], [[], 4]);
  assert.deepEqual([await seqs('sg_keep'), await minSeq('sg_keep')], [[], 3]);
  assert.equal(
    erased.reduce((sum, count) => sum + count, 0),
    5,
  );
  const [next] = await fill(messages, 'si_keep', [time.now]);
  assert.equal(next?.seq, 4);
  await jobs.look();
  assert.deepEqual([await seqs('si_keep'), await minSeq('si_keep')], [[4], 4]);
}

async function destruction(t: TestContext, db: Database): Promise<void> {
  const time = { now: 100_000 };
  const messages = new SqlMessageStore(db);
  const conversations = new SqlConversationStore(db);
  const told: unknown[] = [];
  const versions: unknown[] = [];
  const versionLog = {
    record: async (_tx: unknown, _kind: unknown, changes: unknown) => {
      versions.push(changes);
      return new Map();
    },
  };
  const rows = new ConversationRows({
    store: conversations,
    versionLog,
    unitOfWork: db,
    maxTextBytes: 8192,
    now: () => time.now,
  });
  const job = new TimedDestruction({
    conversations,
    messages,
    versionLog,
    notifier: {
      notify: async (_tx, _call, ...notices) => {
        told.push(...notices.map(({ sendID }) => sendID));
        return [];
      },
    },
    now: () => time.now,
    hasClockStepped: () => false,
    newOperationID: () => 'op',
    onDestructed: () => {},
  });
  const jobs = alone(db, job, time);
  await rows.ensureSingleChat(callBy('end'), 'si_end_pal', 'end', 'pal');
  const set = (changes: object) => db.transaction((tx) => conversations.update(tx, 'si_end_pal', ['end'], changes));
  const minSeq = async (owner = 'end') => (await conversations.find(owner, 'si_end_pal'))?.minSeq;
  await fill(messages, 'si_end_pal', [95_000, 99_000, 100_000]);

  await t.test('it is off until both its fields are set', async () => {
    await jobs.look();
    assert.deepEqual(await set({ isMsgDestruct: true }), ['end']);
    await jobs.look();
    assert.deepEqual([await minSeq(), told], [0, []]);
  });

  await t.test('of what is there when it is switched on, what has come to its end goes', async () => {
    versions.length = 0;
    assert.deepEqual(await set({ msgDestructSeconds: 2 }), ['end']);
    await jobs.look();
    assert.deepEqual([await minSeq(), await minSeq('pal'), told, versions.length], [2, 0, ['end'], 1]);
    assert.equal((await conversations.find('end', 'si_end_pal'))?.lastMsgDestructAt, 100_000);
    assert.deepEqual(await set({ msgDestructSeconds: 2 }), [], 'the same again changes nothing');
  });

  await t.test('each then goes on its own, what comes meanwhile too', async () => {
    time.now = 100_500;
    await fill(messages, 'si_end_pal', [100_500]);
    for (const [now, expected] of [
      [100_999, 2],
      [101_000, 3],
      [101_999, 3],
      [102_000, 4],
      [102_499, 4],
      [102_500, 5],
      [200_000, 5],
    ] as const) {
      time.now = now;
      await jobs.look();
      assert.equal(await minSeq(), expected, `${now}`);
    }
    await fill(messages, 'si_end_pal', [200_000]);
    time.now = 201_999;
    await jobs.look();
    assert.equal(await minSeq(), 5);
    // A new process knows as much.
    time.now = 202_000;
    await alone(db, job, time).look();
    assert.equal(await minSeq(), 6);
  });

  await t.test('who has left sees less and less of what was up to then', async () => {
    const views = new SqlConversationViewStore(db);
    await fill(messages, 'si_end_pal', [202_000, 202_000]);
    await db.transaction((tx) => conversations.setWindow(tx, 'si_end_pal', ['end'], { maxSeq: 6 }));
    time.now = 300_000;
    await jobs.look();
    assert.deepEqual([await minSeq(), (await views.views('end'))[0]?.ownMaxSeq], [7, 6]);
  });
}

const callOf = (isAdmin: boolean): CallContext => ({
  operationID: 'op',
  caller: { userID: 'u', platformID: 1, jti: 'jti', expiresAt: Number.POSITIVE_INFINITY, isAdmin },
});
const [admin, user] = [callOf(true), callOf(false)];

const quiet: JobsObserver = {
  done() {},
  failed() {},
  overdue() {},
  lookFailed: (error) => assert.fail(error as Error),
};

interface JobsTraits {
  readonly holder?: string;
  readonly observer?: JobsObserver;
  readonly schedule?: Schedule;
  readonly unitOfWork?: UnitOfWork;
}

/** Due whenever it is looked at, unless told otherwise. */
function openJobs(at: Database, job: Job, time: { now: number }, traits: JobsTraits = {}): Jobs {
  const {
    holder = randomUUID(),
    observer = quiet,
    schedule: its = { next: (after) => after },
    unitOfWork = at,
  } = traits;
  return new Jobs({
    jobs: [{ job, cron: 'as said', schedule: its }],
    store: new SqlJobStore(at),
    leases: new SqlLeaseStore(at),
    unitOfWork,
    holder,
    now: () => time.now,
    observer,
    rest: 0,
  });
}

function alone(db: Database, job: Job, time: { now: number }): Jobs {
  const observer = { ...quiet, failed: (_job: string, error: unknown) => assert.fail(error as Error) };
  return openJobs(db, job, time, { observer });
}

function fill(messages: SqlMessageStore, logID: string, times: readonly number[], hasChosenTime = false) {
  return messages.append(
    times.map((sentAt) => ({
      logID,
      sendID: 'pal',
      clientMsgID: `${logID}-${sentAt}-${Math.random()}`,
      serverMsgID: 's',
      sentAt,
      hasChosenTime,
      acceptedAt: sentAt,
      sessionType: 1,
      contentType: 101,
      bodyWithoutSeq: new Uint8Array(),
      raisesSenderReadSeq: false,
    })),
  );
}
