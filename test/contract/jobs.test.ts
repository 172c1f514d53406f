/** What runs by the clock, on both engines: leases, retention and timed destruction; conversations-messages.md 8.5. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { ConversationRows } from '../../src/conversations/conversation-rows.ts';
import type { Database } from '../../src/database/database.ts';
import { type Job, Jobs } from '../../src/jobs/jobs.ts';
import { Retention } from '../../src/jobs/retention.ts';
import { TimedDestruction } from '../../src/jobs/timed-destruction.ts';
import { Eraser } from '../../src/messaging/eraser.ts';
import { SqlConversationStore } from '../../src/store/sql-conversation-store.ts';
import { SqlConversationViewStore } from '../../src/store/sql-conversation-view-store.ts';
import { SqlDeletionStore } from '../../src/store/sql-deletion-store.ts';
import { SqlEditStore } from '../../src/store/sql-edit-store.ts';
import { SqlLeaseStore } from '../../src/store/sql-lease-store.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { SqlReactionStore } from '../../src/store/sql-reaction-store.ts';
import { SqlRevocationStore } from '../../src/store/sql-revocation-store.ts';
import { SqlTextIndexStore } from '../../src/store/sql-text-index-store.ts';
import { type Databases, testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('Jobs', async (t, { db, peer }: Databases) => {
  await t.test('a lease is of one holder until it ends or is released, and a later one fences the one before off', () =>
    leases(db, peer),
  );
  await t.test('one process sweeps; the next one goes on when it ends, and what it still does writes nothing', () =>
    takeover(db, peer),
  );
  await t.test('F25 what is older than it is kept goes with the next sweep, the oldest first, and nothing before', () =>
    retention(db),
  );
  await t.test('F25 each message leaves its owner’s window with the first sweep after its end, and not before', (sub) =>
    destruction(sub, db),
  );
});

async function leases(db: Database, peer: Database): Promise<void> {
  const [a, b] = [new SqlLeaseStore(db), new SqlLeaseStore(peer)];
  const take = (who: SqlLeaseStore, at: Database, holder: string, now: number) =>
    at.transaction((tx) => who.take(tx, 'work', holder, now, now + 10));
  const first = await take(a, db, 'a', 100);
  assert.ok(first);
  assert.equal(await take(b, peer, 'b', 109), undefined);
  assert.ok(await db.transaction((tx) => a.extend(tx, first, 120)));
  assert.equal(await take(b, peer, 'b', 110), undefined);
  const second = await take(b, peer, 'b', 120);
  assert.ok(second && second.fence > first.fence);
  assert.equal(await db.transaction((tx) => a.extend(tx, first, 200)), false);
  await db.transaction((tx) => a.release(tx, first));
  assert.equal(await take(a, db, 'a', 125), undefined);
  await peer.transaction((tx) => b.release(tx, second));
  assert.ok(await take(a, db, 'a', 125));
}

async function takeover(db: Database, peer: Database): Promise<void> {
  const time = { now: 1000 };
  const done: string[] = [];
  const failures: unknown[] = [];
  const open = (at: Database, holder: string, sweep: Job['sweep']) =>
    new Jobs({
      jobs: [{ name: 'shared', mayRun: () => true, sweep }],
      leases: new SqlLeaseStore(at),
      unitOfWork: at,
      holder,
      everyMs: 1,
      now: () => time.now,
      observer: { swept: () => done.push(holder), failed: (_job, error) => failures.push(error) },
      rest: 0,
    });
  let stall: (() => Promise<void>) | undefined;
  const first = open(db, 'first', async (step) => {
    await step(async () => done.push('a step'));
    await stall?.();
    await step(async () => done.push('a step too late'));
  });
  const second = open(peer, 'second', (step) => step(async () => {}));
  stall = async () => {
    await second.sweep();
    assert.deepEqual(done, ['a step'], 'the first one has it');
    time.now += 30_000;
    await second.sweep();
  };
  await first.sweep();
  assert.deepEqual(done, ['a step', 'second']);
  await second[Symbol.asyncDispose]();
  stall = undefined;
  await first.sweep();
  assert.deepEqual(done, ['a step', 'second', 'a step', 'a step too late', 'first']);
  await first[Symbol.asyncDispose]();
  assert.deepEqual(failures, []);
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
  await jobs.sweep();
  assert.deepEqual([await seqs('si_keep'), await minSeq('si_keep')], [[2, 3], 2]);
  assert.deepEqual([await seqs('sg_keep'), await minSeq('sg_keep')], [[1], 1]);
  time.now += 1;
  await jobs.sweep();
  assert.deepEqual([await seqs('si_keep'), await minSeq('si_keep')], [[3], 3]);
  time.now += 10_000;
  await jobs.sweep();
  assert.deepEqual([await seqs('si_keep'), await minSeq('si_keep')], [[], 4]);
  assert.deepEqual([await seqs('sg_keep'), await minSeq('sg_keep')], [[], 3]);
  assert.equal(
    erased.reduce((sum, count) => sum + count, 0),
    5,
  );
  const [next] = await fill(messages, 'si_keep', [time.now]);
  assert.equal(next?.seq, 4);
  await jobs.sweep();
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
  const rows = new ConversationRows({ store: conversations, versionLog, unitOfWork: db, now: () => time.now });
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
  await rows.ensureSingleChat('si_end_pal', 'end', 'pal');
  const set = (changes: object) => db.transaction((tx) => conversations.update(tx, 'si_end_pal', ['end'], changes));
  const minSeq = async (owner = 'end') => (await conversations.find(owner, 'si_end_pal'))?.minSeq;
  await fill(messages, 'si_end_pal', [95_000, 99_000, 100_000]);

  await t.test('it is off until both its fields are set', async () => {
    await jobs.sweep();
    assert.deepEqual(await set({ isMsgDestruct: true }), ['end']);
    await jobs.sweep();
    assert.deepEqual([await minSeq(), told], [0, []]);
  });

  await t.test('of what is there when it is switched on, what has come to its end goes', async () => {
    versions.length = 0;
    assert.deepEqual(await set({ msgDestructSeconds: 2 }), ['end']);
    await jobs.sweep();
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
      await jobs.sweep();
      assert.equal(await minSeq(), expected, `${now}`);
    }
    await fill(messages, 'si_end_pal', [200_000]);
    time.now = 201_999;
    await jobs.sweep();
    assert.equal(await minSeq(), 5);
    // A new process knows as much.
    time.now = 202_000;
    await alone(db, job, time).sweep();
    assert.equal(await minSeq(), 6);
  });

  await t.test('who has left sees less and less of what was up to then', async () => {
    const views = new SqlConversationViewStore(db);
    await fill(messages, 'si_end_pal', [202_000, 202_000]);
    await db.transaction((tx) => conversations.setWindow(tx, 'si_end_pal', ['end'], { maxSeq: 6 }));
    time.now = 300_000;
    await jobs.sweep();
    assert.deepEqual([await minSeq(), (await views.views('end'))[0]?.ownMaxSeq], [7, 6]);
  });
}

function alone(db: Database, job: Job, time: { now: number }): Jobs {
  const failed = (_job: string, error: unknown) => assert.fail(error as Error);
  const observer = { swept: () => {}, failed };
  // The one holder may take its lease again.
  const rest = { holder: 'alone', everyMs: 1, now: () => time.now, rest: 0 };
  return new Jobs({ jobs: [job], leases: new SqlLeaseStore(db), unitOfWork: db, observer, ...rest });
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
