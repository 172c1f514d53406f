/** The audit trail of tokens over REST: docs/tokens.md. Its rules one by one: src/tokens/token-event-log.test.ts. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import listTokenEvents from '../../src/http/routes/auth/list_token_events.ts';
import { envelopeOf } from './raw-http.ts';
import { testEndpoint } from './scenario.ts';
import { adminSecret, adminUserID, type TokenKind, World } from './world.ts';

interface ListedEvent {
  readonly id: number;
  readonly at: number;
  readonly kind: string;
  readonly userID: string;
  readonly platformID: number;
  readonly platform: string;
  readonly jti: string;
  readonly actor: string;
  readonly reason: string;
  readonly operationID: string;
}

interface Page {
  readonly events: readonly ListedEvent[] | null;
  readonly nextCursor: string;
}

function jtiOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;
}

async function eventsOf(world: World, query: object): Promise<readonly ListedEvent[]> {
  return ((await world.call(listTokenEvents.path, query)) as Page).events ?? [];
}

async function openWorld(t: TestContext, settings?: Readonly<Record<string, string>>): Promise<World> {
  const world = await World.open(settings);
  t.after(() => world[Symbol.asyncDispose]());
  return world;
}

testEndpoint(listTokenEvents, [
  {
    name: 'an entry says when, what, whose, by whom, why and in which call',
    body: { userID: 'carol' },
    expect: {
      errCode: 0,
      data: ({ events, nextCursor }: Page, world: World) => {
        const [kicked, second, first] = events ?? [];
        const entry = {
          userID: 'carol',
          platformID: 1,
          platform: 'IOS',
          actor: adminUserID,
          operationID: 'op-/auth/get_user_token',
        };
        const jti = jtiOf(world.token('kicked'));
        assert.partialDeepStrictEqual(kicked, { ...entry, kind: 'kicked', reason: 'policy', jti });
        assert.partialDeepStrictEqual(second, { ...entry, kind: 'issued', reason: '' });
        assert.partialDeepStrictEqual(first, { ...entry, kind: 'issued', reason: '', jti });
        assert.ok(Math.abs(Number(first?.at) - Date.now()) < 10_000);
        assert.equal(nextCursor, '');
      },
    },
  },
  {
    name: 'of all users: who knew the admin secret is told of by address',
    body: { kinds: ['issued'], limit: 500 },
    expect: {
      errCode: 0,
      data: ({ events }: Page) => {
        const oldest = events?.at(-1);
        assert.partialDeepStrictEqual(oldest, { userID: adminUserID, platform: 'Admin', actor: 'address:127.0.0.1' });
        assert.equal(oldest?.operationID, 'op-/auth/get_admin_token');
      },
    },
  },
  {
    name: 'only of some kinds',
    body: { userID: 'carol', kinds: ['kicked', 'lost'] },
    expect: {
      errCode: 0,
      data: ({ events }: Page) =>
        assert.deepEqual(
          events?.map(({ kind }) => kind),
          ['kicked'],
        ),
    },
  },
  {
    name: 'nothing to list is an empty page',
    body: { userID: 'nobody' },
    expect: { errCode: 0, data: { events: null, nextCursor: '' } },
  },
  {
    name: 'M5 a user is no admin, not even for its own: 1002',
    token: 'user',
    body: { userID: 'alice' },
    expect: { errCode: 1002, errDlt: 'user alice is not admin userID' },
  },
  {
    name: 'O1 an unknown kind is 1001',
    body: { kinds: ['issued', 'Issued'] },
    expect: { errCode: 1001, errDlt: /^kinds must each be one of issued, renewed,/ },
  },
  ...[-1, 501].map((limit) => ({
    name: `O1 limit ${limit} is 1001`,
    body: { limit },
    expect: { errCode: 1001, errDlt: 'limit must be 1 to 500' },
  })),
  ...['x', '-1', '1.5', '9'.repeat(16)].map((cursor) => ({
    name: `O1 the cursor ${cursor} is 1001`,
    body: { cursor },
    expect: { errCode: 1001, errDlt: 'cursor is not one that this endpoint gave' },
  })),
]);

test('what is done to tokens is in the trail, with the reason', async (t) => {
  const world = await openWorld(t);
  const bob = () => world.issue('bob', 3);
  const old = await bob();
  world.passTime(40_000);
  await world.post('/auth/renew_token', {}, old);
  await world.call('/auth/force_logout', { userID: 'bob', platformID: 3 });
  await bob();
  await world.call('/auth/revoke_tokens', { userID: 'bob', platformIDs: [3] });
  await world.call('/auth/revoke_tokens', { userID: 'bob', platformIDs: [3], issuedBefore: 5 });
  const entries = await eventsOf(world, { userID: 'bob' });
  assert.deepEqual(
    entries.map(({ kind, platformID, actor, reason }) => [kind, platformID, actor, reason]),
    [
      ['cutoff', 3, adminUserID, 'issued before 5'],
      ['revoked', 3, adminUserID, 'revoked'],
      ['issued', 3, adminUserID, ''],
      ['kicked', 3, adminUserID, 'forced'],
      ['kicked', 3, adminUserID, 'forced'],
      ['renewed', 3, 'bob', ''],
      ['issued', 3, adminUserID, ''],
      ['issued', 1, adminUserID, ''],
    ],
  );
});

test('everyone’s cutoff is an entry without a user', async (t) => {
  const world = await openWorld(t);
  await world.call('/auth/revoke_tokens', { everyone: true, issuedBefore: 7 });
  const [entry] = await eventsOf(world, { kinds: ['cutoff'] });
  assert.partialDeepStrictEqual(entry, { userID: '', platformID: 0, platform: '', jti: '', reason: 'issued before 7' });
});

test('refusals are told of, each once a minute', async (t) => {
  const world = await openWorld(t);
  const refused = async () =>
    (await eventsOf(world, { kinds: ['refused'] })).map((entry) => [entry.actor, entry.reason]);
  for (let i = 0; i < 3; i++) {
    await world.verdict(world.token('kicked'));
    await world.post('/auth/get_user_token', { userID: `victim${i}`, platformID: 1 }, world.token('user'));
    await world.post('/auth/get_user_token', { userID: 'alice', platformID: 10 }, world.token('admin'));
    await world.post('/auth/get_admin_token', { userID: adminUserID, secret: 'wrong' }, '');
  }
  const once = [
    ['address:127.0.0.1', 'issue 1002'],
    [adminUserID, 'issue 1002'],
    ['alice', 'issue 1002'],
    ['carol', 'use 1506'],
  ];
  assert.deepEqual(await refused(), once);
  world.passTime(60_000);
  await world.verdict(world.token('kicked'));
  assert.deepEqual(await refused(), [['carol', 'use 1506'], ...once]);
});

test('tokens that say nothing, or that nobody signed here, are not told of', async (t) => {
  const world = await openWorld(t);
  for (const kind of ['broken', 'forged', 'expired'] satisfies TokenKind[]) await world.verdict(world.token(kind));
  assert.deepEqual(await eventsOf(world, { kinds: ['refused'] }), []);
});

test('a token that the store has lost is told of once', async (t) => {
  const world = await openWorld(t);
  const token = await world.issue('bob', 3);
  using database = new DatabaseSync(join(world.dataDir, 'tessera.db'));
  database.prepare('DELETE FROM tokens WHERE jti = ?').run(jtiOf(token));
  for (let i = 0; i < 3; i++) assert.equal(await world.verdict(token), 1507);
  const lost = await eventsOf(world, { kinds: ['lost'] });
  assert.deepEqual(
    lost.map(({ userID, jti, reason }) => [userID, jti, reason]),
    [['bob', jtiOf(token), 'unknown']],
  );
});

test('T6 neither a token nor a secret gets into the trail, wherever a client puts it', async (t) => {
  const world = await openWorld(t);
  const token = world.token('user');
  await world.post('/auth/get_user_token', { userID: token, platformID: 1 }, token);
  await world.post('/auth/get_admin_token', { userID: adminSecret, secret: adminUserID }, '');
  await world.send({
    path: '/auth/revoke_token',
    headers: { operationID: `op ${token}`, token },
    body: JSON.stringify({ token }),
  });
  const trail = await eventsOf(world, { limit: 500 });
  assert.deepEqual(
    trail.slice(0, 3).map(({ kind }) => kind),
    ['revoked', 'refused', 'refused'],
  );
  assert.equal(trail[0]?.operationID, 'op [token]');
  assert.doesNotMatch(JSON.stringify(trail), new RegExp(`eyJ|${adminSecret}`));
});

test('pages neither repeat nor leave out, also while more is happening', async (t) => {
  const world = await openWorld(t);
  for (let i = 0; i < 4; i++) await world.issue('bob', 3);
  const expected = (await eventsOf(world, { userID: 'bob' })).map(({ id }) => id);
  const seen: number[] = [];
  let cursor = '';
  do {
    const page: Page = await world.call(listTokenEvents.path, { userID: 'bob', limit: 3, cursor });
    seen.push(...(page.events ?? []).map(({ id }) => id));
    cursor = page.nextCursor;
    await world.issue('bob', 3);
  } while (cursor !== '');
  assert.deepEqual(seen, expected);
});

test('the trail keeps about as many entries as it may', async (t) => {
  const world = await openWorld(t, { TESSERA_TOKEN_EVENTS_LIMIT: '1000' });
  await eventsOf(world, {});
  using database = new DatabaseSync(join(world.dataDir, 'tessera.db'));
  database.exec(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
     INSERT INTO token_events (at, kind, user_id, platform_id, jti, actor, reason, operation_id)
     SELECT i, 'issued', 'bob', 1, 'old', '', '', '' FROM n`,
  );
  const count = () => Number(database.prepare('SELECT count(*) AS count FROM token_events').get()?.count);
  for (let i = 0; i < 6; i++) await world.issue('bob', 3);
  const [newest] = await eventsOf(world, { limit: 1 });
  assert.ok(count() >= 1000 && count() <= 1010, `${count()} entries`);
  assert.equal(newest?.platformID, 3);
});

test('T5 a trail that cannot be written keeps nobody from a token, and loses nothing in a short outage', async (t) => {
  const world = await openWorld(t);
  const before = (await eventsOf(world, { userID: 'bob' })).length;
  using database = new DatabaseSync(join(world.dataDir, 'tessera.db'));
  database.exec('ALTER TABLE token_events RENAME TO token_events_away');
  const token = await world.issue('bob', 3);
  const unreadable = envelopeOf(await world.post(listTokenEvents.path, {}, world.token('admin')));
  assert.equal(unreadable.errCode, 500);
  assert.equal(await world.verdict(token), 0);
  database.exec('ALTER TABLE token_events_away RENAME TO token_events');
  const after = await eventsOf(world, { userID: 'bob' });
  assert.deepEqual([after.length, after[0]?.jti], [before + 1, jtiOf(token)]);
});

test('O3 a stop writes what was still waiting', async (t) => {
  const world = await openWorld(t);
  const token = await world.issue('bob', 3);
  await world.app[Symbol.asyncDispose]();
  using database = new DatabaseSync(join(world.dataDir, 'tessera.db'));
  const newest = database.prepare('SELECT * FROM token_events ORDER BY id DESC LIMIT 1').get();
  assert.equal(newest?.jti, jtiOf(token));
});
