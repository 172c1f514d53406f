/** Settings of run time and the order to restart, on both engines, as two nodes have them. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../src/config/config.ts';
import { RunTimeSettings } from '../../src/config/run-time-settings.ts';
import type { Database } from '../../src/database/database.ts';
import { RollingRestart } from '../../src/jobs/rolling-restart.ts';
import type { CallContext } from '../../src/kernel/caller.ts';
import { SqlLeaseStore } from '../../src/store/sql-lease-store.ts';
import { SqlSettingsStore } from '../../src/store/sql-settings-store.ts';
import { testOnEveryDatabase } from './every-database.ts';

const admin: CallContext = {
  operationID: 'op',
  caller: { userID: 'imAdmin', platformID: 1, jti: 'jti', expiresAt: Number.POSITIVE_INFINITY, isAdmin: true },
};

testOnEveryDatabase('Settings', async (t: TestContext, { db, peer }) => {
  await t.test('a version is advanced by one of two, with what was there before; what is put is read', () =>
    versions(db, peer),
  );
  await t.test('the record of changes keeps the newest, the newest first', () => changes(db));
  await t.test('what one node sets holds on the other, and after a start; what does not fit is left out', () =>
    nodes(db, peer),
  );
  await t.test('a restart goes from node to node: the next goes when the one before is back, or after a while', () =>
    restarts(db, peer),
  );
});

async function versions(db: Database, peer: Database): Promise<void> {
  const [a, b] = [new SqlSettingsStore(db), new SqlSettingsStore(peer)];
  assert.deepEqual(await a.read(), { version: 0, isEnabled: true, values: new Map() });
  const put = (at: Database, store: SqlSettingsStore, value: string) =>
    at.transaction(async (tx) => {
      const before = await store.advance(tx, 0);
      if (before !== undefined) await store.put(tx, new Map([['x', value]]));
      return before;
    });
  const both = await Promise.all([put(db, a, '1'), put(peer, b, '2')]);
  assert.equal(both.filter((before) => before !== undefined).length, 1);
  const { version, values } = await a.read();
  assert.deepEqual([version, values.get('x')], [1, both[0] === undefined ? '2' : '1']);
  const gone = await db.transaction(async (tx) => {
    const before = await a.advance(tx, 1);
    await a.put(tx, new Map([['x', undefined]]));
    await a.enable(tx, false);
    return before;
  });
  assert.deepEqual(gone?.values.size, 1);
  assert.deepEqual(await b.read(), { version: 2, isEnabled: false, values: new Map() });
  await db.transaction((tx) => a.enable(tx, true));
}

async function changes(db: Database): Promise<void> {
  const store = new SqlSettingsStore(db);
  const change = (version: number, key: string) =>
    ({ version, key, before: '', after: '1', at: version, userID: 'u', operationID: 'op' }) as const;
  await db.transaction((tx) => store.note(tx, [change(1001, 'a'), change(1002, 'a'), change(1002, 'b')], 3));
  assert.deepEqual(await store.changes(9), [change(1002, 'b'), change(1002, 'a'), change(1001, 'a')]);
  await db.transaction((tx) => store.note(tx, [change(1003, 'a')], 3));
  assert.deepEqual(
    (await store.changes(2)).map(({ version, key }) => `${version} ${key}`),
    ['1003 a', '1002 b'],
  );
  assert.equal((await store.changes(9)).length, 3);
}

async function nodes(db: Database, peer: Database): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const open = (at: Database, environment: Record<string, string> = {}) => {
    const base = loadConfig({ environment: { TESSERA_SECRET: 'a-secret-only-for-tests', ...environment } });
    const holds = { ...base };
    const leftOut: string[] = [];
    const settings = new RunTimeSettings({
      base: base.origin,
      store: new SqlSettingsStore(at),
      unitOfWork: at,
      apply: (config) => Object.assign(holds, config),
      place: { environment: 'source', version: '' },
      now: () => 1,
      observer: { changed() {}, leftOut: (key) => leftOut.push(key), failed: (error) => assert.fail(error as Error) },
    });
    opened.use(settings);
    return { settings, holds, leftOut };
  };
  const [one, other] = [open(db), open(peer)];
  await one.settings.start();
  await other.settings.start();
  const { version } = await one.settings.report(admin);
  await one.settings.set(
    admin,
    version,
    new Map<string, unknown>([
      ['maxFriends', 7],
      ['tokenTtl', '100d'],
    ]),
  );
  assert.deepEqual([one.holds.maxFriends, one.holds.tokenTtlMs], [7, 8_640_000_000]);
  // Asking is enough; otherwise it looks every two seconds.
  await other.settings.report(admin);
  assert.equal(other.holds.maxFriends, 7);
  const stale = other.settings.set(admin, version, new Map([['maxFriends', 8]]));
  await assert.rejects(stale, { code: 1001 });
  // The variables of this one leave no room for one of them.
  const late = open(peer, { TESSERA_MAX_TOKEN_TTL: '95d' });
  await late.settings.start();
  assert.deepEqual([late.holds.maxFriends, late.leftOut], [7, ['tokenTtl']]);
  assert.equal(late.holds.tokenTtlMs, 90 * 86_400_000);
  await one.settings.enable(admin, false);
  await late.settings.report(admin);
  assert.deepEqual([one.holds.maxFriends, late.holds.maxFriends], [10_000, 10_000]);
  await one.settings.enable(admin, true);
  assert.equal(one.holds.maxFriends, 7);
  await other.settings.reset(admin);
  await one.settings.report(admin);
  assert.deepEqual([one.holds.maxFriends, other.holds.maxFriends], [10_000, 10_000]);
}

async function restarts(db: Database, peer: Database): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const time = { now: 1000 };
  const gone: string[] = [];
  const open = (at: Database, nodeName: string, isSupervised = true) => {
    const restart = new RollingRestart({
      store: new SqlSettingsStore(at),
      leases: new SqlLeaseStore(at),
      unitOfWork: at,
      nodeName,
      isSupervised,
      awayMs: 100,
      now: () => time.now,
      onFailure: (error) => assert.fail(error as Error),
    });
    opened.use(restart);
    void restart.ordered.then(() => gone.push(nodeName));
    return restart;
  };
  const [a, b, alone] = [open(db, 'a'), open(peer, 'b'), open(db, 'alone', false)];
  const all = [a, b, alone];
  for (const node of all) await node.start();
  const look = async () => {
    for (const node of all) await node.look();
    return gone.splice(0);
  };
  assert.deepEqual(await look(), []);
  await assert.rejects(alone.request(admin), { code: 1001 });
  await b.request(admin);
  assert.deepEqual(await look(), ['a'], 'one of them');
  const again = open(db, 'a');
  all.push(again);
  assert.deepEqual(await look(), [], 'it is not back yet');
  await again.start();
  assert.deepEqual(await look(), ['b']);
  // That one never comes back.
  const late = open(peer, 'c');
  await late.start();
  await late.request(admin);
  all.splice(0, all.length, late);
  assert.deepEqual(await look(), []);
  time.now += 100;
  assert.deepEqual(await look(), ['c']);
}
