import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import type { SqliteDatabase } from '../../src/database/database.ts';
import { platforms } from '../../src/protocol/numbers/platforms.ts';
import { insertPieces } from '../../src/store/sql-lists.ts';
import { SqlTokenStore } from '../../src/store/sql-token-store.ts';
import { countingTurns } from '../support/counting-turns.ts';
import { HeardLogins } from '../support/heard-logins.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('SqlTokenStore', async (t, { db, openEmpty }) => {
  await t.test('sweeps expired tokens of any state, more than one batch, and counts them', async () => {
    const now = 1_900_000_000_000;
    const store = new SqlTokenStore(db, () => now, new HeardLogins());
    const rowOf = (jti: string, expires_at: number, state = 'live') => ({
      jti,
      user_id: 'alice',
      platform_id: 1,
      state,
      reason: '',
      issued_at: now - 1000,
      expires_at,
      accepted_until: 0,
      issue_order: now,
      device_name: '',
      last_seen_at: 0,
    });
    const expired = Array.from({ length: 2500 }, (_, i) => rowOf(`old${i}`, now - i, i % 2 === 0 ? 'live' : 'kicked'));
    await db.transaction(async (tx) => {
      for (let first = 0; first < expired.length; first += 500) {
        await db
          .executor(tx)
          .insertInto('tokens')
          .values(expired.slice(first, first + 500))
          .execute();
      }
      await db
        .executor(tx)
        .insertInto('tokens')
        .values([rowOf('next', now + 1)])
        .execute();
    });

    assert.equal(await store.sweepExpired(), 2500);
    assert.equal(await store.sweepExpired(), 0);
    const left = await db.reader.selectFrom('tokens').select('jti').execute();
    assert.deepEqual(
      left.map(({ jti }) => jti),
      ['next'],
    );
  });

  await t.test('O1 counts any number of live tokens in steps, between which others have their turn', async () => {
    const now = 1_900_000_000_000;
    const store = new SqlTokenStore(db, () => now, new HeardLogins());
    const before = await store.countLive();
    const token = { platform_id: 9, reason: '', issued_at: now, accepted_until: 0, issue_order: 1, device_name: '' };
    const rows = Array.from({ length: 5000 }, (_, n) => ({
      ...token,
      ...{ user_id: `counted${n % 700}`, jti: `counted${n}`, last_seen_at: 0 },
      ...{ state: n % 5 === 0 ? 'kicked' : 'live', expires_at: n % 5 === 1 ? now : now + 1 },
    }));
    await db.transaction(async (tx) => {
      for (const piece of insertPieces(rows)) await db.executor(tx).insertInto('tokens').values(piece).execute();
    });
    const [after, turns] = await countingTurns(() => store.countLive());
    assert.equal((after.get(9) ?? 0) - (before.get(9) ?? 0), 3000);
    assert.ok(turns >= 2, `${turns} turns`);
  });

  await t.test('what cannot be told does not happen: no issue, no kick, no cutoff', async () => {
    const now = 1_900_000_000_000;
    const store = new SqlTokenStore(db, () => now, new HeardLogins());
    const times = { issuedAt: now, expiresAt: now + 60_000 };
    const record = { jti: 'j', userID: 'told', platformID: 5, ...times, deviceName: '' };
    const teller = { tell: async () => Promise.reject(new Error('cannot be told')) };
    const tell = { teller, of: () => [] };
    const request = { record, groups: [], everyonesCutoffs: new Map() };
    await assert.rejects(store.issue({ ...request, tell }), /cannot be told/);
    assert.deepEqual((await store.list('told')).tokens, []);
    await store.issue(request);
    await assert.rejects(store.kick('told', { jtis: ['j'] }, 'forced', 'kicked', tell), /cannot be told/);
    await assert.rejects(store.cutOff('told', 0, now, now, tell), /cannot be told/);
    const { tokens, cutoffs } = await store.list('told');
    assert.deepEqual([tokens.map(({ state }) => state), cutoffs.size], [['live'], 0]);
  });

  await t.test(
    'what goes with a login hears of its end, renewal and cutoff; where it cannot follow none happens',
    async () => {
      const now = 1_900_000_000_000;
      const follower = new HeardLogins();
      const store = new SqlTokenStore(db, () => now, follower);
      const times = { issuedAt: now, expiresAt: now + 60_000 };
      const groups = [{ platforms: [platforms.Web], keep: 0 }];
      const requestOf = (jti: string, more = {}) => {
        const record = { jti, userID: 'followed', platformID: 5, ...times, deviceName: '' };
        return { record, groups, everyonesCutoffs: new Map(), ...more };
      };
      const asRenewal = { groups: [], supersede: { which: { jti: 'b' }, acceptedUntil: now + 5 } };
      const steps: readonly (readonly [string[], () => Promise<unknown>])[] = [
        [[], () => store.issue(requestOf('a'))],
        [['ended a'], () => store.issue(requestOf('b'))],
        [['renewed b as c'], () => store.issue(requestOf('c', asRenewal))],
        [['ended c'], () => store.kick('followed', { jtis: ['c', 'a'] }, 'forced', 'kicked')],
        [['cut off followed/5 before 7'], () => store.cutOff('followed', 5, 7, now)],
        [['cut off /0 before 8'], () => store.cutOff('', 0, 8, now)],
        [[], () => store.cutOff('', 0, 8, now)],
        [[], () => store.kick('followed', { jtis: ['c'] }, 'forced', 'kicked')],
      ];
      for (const [heard, step] of steps) {
        follower.isFailing = heard.length > 0;
        if (follower.isFailing) await assert.rejects(step(), /it cannot follow/);
        follower.isFailing = false;
        await step();
        assert.deepEqual(follower.take(), heard);
      }
    },
  );

  await t.test('no login, kick or list reads what has ended', async (t) => {
    if (db.dialect !== 'sqlite') return;
    const statements = new Set<string>();
    const { prepare } = DatabaseSync.prototype;
    t.mock.method(DatabaseSync.prototype, 'prepare', function (this: DatabaseSync, text: string) {
      statements.add(text);
      return prepare.call(this, text);
    });
    const now = 1_900_000_000_000;
    const fresh = await openEmpty();
    assert.ok(fresh.dialect === 'sqlite');
    statements.clear();
    const store = new SqlTokenStore(fresh, () => now, new HeardLogins());
    const record = { userID: 'carol', platformID: 10, issuedAt: now, expiresAt: now + 1000, deviceName: '' };
    const groups = [{ platforms: [platforms.IOS], keep: 0 }];
    const issue = (jti: string, more = {}) =>
      store.issue({ record: { ...record, jti }, groups, everyonesCutoffs: new Map(), ...more });
    await issue('a');
    await issue('b', { supersede: { which: 'platform', acceptedUntil: now + 5 } });
    await issue('c', { supersede: { which: { jti: 'b' }, acceptedUntil: now + 5 } });
    await store.kick('carol', { platformIDs: [10] }, 'forced', 'kicked');
    await store.kick('carol', { jtis: ['a'] }, 'forced', 'kicked');
    await store.cutOff('carol', 10, now, now + 1);
    await store.list('carol', { limit: 1 });
    await store.find({ ...record, jti: 'a' });
    await store.touch('carol', ['a'], now);
    await store.hasForgotten('carol');

    const plans = [...statements]
      .filter((text) => /\btokens\b/.test(text) && !/^insert/i.test(text))
      .map((text) => ({ text, plan: planOf(fresh, text) }));
    assert.ok(plans.length >= 8);
    for (const { text, plan } of plans) {
      const steps = plan.filter((step) => /\btokens\b/.test(step));
      assert.ok(
        steps.length > 0 && steps.every((step) => boundedSteps.some((bounded) => bounded.test(step))),
        `${text}\n${plan.join('\n')}`,
      );
      assert.ok(!plan.some((step) => /TEMP B-TREE/.test(step)), `${text}\n${plan.join('\n')}`);
    }
  });

  await t.test('sweeps cutoffs when no token can be as old as they are any more', async () => {
    let now = 1_900_000_000_000;
    const store = new SqlTokenStore(db, () => now, new HeardLogins());
    await store.cutOff('bob', 1, now, now + 2000);
    await store.cutOff('bob', 1, now + 1, now + 1000);
    await store.cutOff('bob', 5, now, now + 1000);
    await store.cutOff('', 0, now, now + 1000);
    now += 1999;
    await store.sweepExpired();
    assert.deepEqual((await store.list('bob')).cutoffs, new Map([[1, now - 1998]]), 'the longer time stays');
    assert.deepEqual(await store.everyonesCutoffs(), new Map());
    now += 1;
    await store.sweepExpired();
    assert.deepEqual((await store.list('bob')).cutoffs, new Map());
  });

  await t.test('knows of no reason to lose a token, and has no other nodes to tell of', async () => {
    const store = new SqlTokenStore(db, Date.now, new HeardLogins());
    assert.equal(await store.explainLoss(), 'unknown');
    await (await store.watch())[Symbol.asyncDispose]();
  });
});

/** What reads a page, one token, or what is accepted: never all of a user's. */
const boundedSteps = [
  /USING (COVERING )?INDEX tokens_live \(user_id=\?( AND expires_at>\?)?\)/,
  /USING (COVERING )?INDEX tokens_superseded \(user_id=\? AND accepted_until[<>]\?\)/,
  /USING (COVERING )?INDEX tokens_by_order \(user_id=\? AND issue_order<\?\)/,
  /USING PRIMARY KEY \(user_id=\? AND jti=\?\)/,
];

function planOf(db: SqliteDatabase, text: string): string[] {
  const explain = db.sqlite.read.prepare(`EXPLAIN QUERY PLAN ${text}`);
  const parameters = Array.from({ length: text.split('?').length - 1 }, () => 1);
  return (explain.all(...parameters) as { detail: string }[]).map(({ detail }) => detail);
}
