/** The audit trail over a store in memory, with a clock that the test turns. Over SQL: test/wire/token-events.test.ts. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { CallContext } from '../kernel/caller.ts';
import { TokenEvents } from './events.ts';
import { TokenEventLog } from './token-event-log.ts';
import type { StoredTokenEvent, TokenEventStore } from './token-event-store.ts';

const start = Date.UTC(2030, 0, 1);
const admin: CallContext = {
  caller: { userID: 'imAdmin', platformID: 10, jti: 'j0', expiresAt: 9e15, isAdmin: true },
  operationID: 'op',
};
const by = { userID: 'imAdmin', operationID: 'op 1' };
const everything = { userID: '', kinds: [], cursor: '', limit: 0 };

function open(t: TestContext, limit = 1000) {
  let now = start;
  const entries: StoredTokenEvent[] = [];
  const trims: number[] = [];
  const log: string[] = [];
  const failing = { append: false, trim: false };
  const store: Omit<TokenEventStore, 'forget'> = {
    append: async (events) => {
      if (failing.append) throw new Error('down');
      for (const event of events) entries.push({ ...event, id: entries.length + 1 });
    },
    find: async ({ beforeID = Number.POSITIVE_INFINITY, limit: size }) =>
      entries
        .filter(({ id }) => id < beforeID)
        .toReversed()
        .slice(0, size),
    trim: async (keep) => {
      if (failing.trim) throw new Error('cannot trim');
      trims.push(keep);
      return 0;
    },
  };
  const events = new TokenEvents((error) => assert.fail(String(error)));
  const trail = new TokenEventLog({
    store,
    events,
    clock: () => now,
    monotonicMs: () => now,
    limit,
    observer: {
      failed: (error) => log.push(String(error)),
      dropped: (count) => log.push(`dropped ${count}`),
      outageEnded: (dropped) => log.push(`ended, ${dropped} lost`),
      refusalLeftOut: () => log.push('left out'),
      trimFailed: (error) => log.push(String(error)),
    },
  });
  t.after(() => trail[Symbol.asyncDispose]());
  const list = async (request: Partial<typeof everything> = {}) =>
    (await trail.list(admin, { ...everything, ...request })).events;
  return { events, trail, list, entries, trims, log, failing, passTime: (ms: number) => (now += ms) };
}

test('each kind says whose token, who, why and in which call', async (t) => {
  const { events, list } = open(t);
  const token = { userID: 'alice', platformID: 1 };
  events.emit('tokenIssued', { ...token, jti: 'j1', expiresAt: 1, by, how: 'login' });
  events.emit('tokenIssued', { ...token, jti: 'j2', expiresAt: 1, by, how: 'renewal' });
  events.emit('tokensEnded', { ...token, jtis: ['j3', 'j4'], reason: 'policy', origin: 'here', by });
  events.emit('tokensEnded', { ...token, jtis: ['j5'], reason: 'revoked', origin: 'here', by });
  events.emit('cutoffRaised', { userID: '', platformID: 0, notBefore: 1234, origin: 'here', by });
  events.emit('tokenRefused', { ...token, what: 'use', code: 1506, jti: 'j6', by });
  events.emit('tokenLost', { ...token, jti: 'j7', issuedAt: 1, expiresAt: 2, cause: 'eviction' });
  events.emit('tokenImported', { ...token, jti: 'j8' });
  const entry = { at: start, userID: 'alice', platformID: 1, actor: 'imAdmin', operationID: 'op 1', reason: '' };
  assert.deepEqual((await list()).map(({ id: _id, ...rest }) => rest).toReversed(), [
    { ...entry, kind: 'issued', jti: 'j1' },
    { ...entry, kind: 'renewed', jti: 'j2' },
    { ...entry, kind: 'kicked', jti: 'j3', reason: 'policy' },
    { ...entry, kind: 'kicked', jti: 'j4', reason: 'policy' },
    { ...entry, kind: 'revoked', jti: 'j5', reason: 'revoked' },
    { ...entry, kind: 'cutoff', userID: '', platformID: 0, jti: '', reason: 'issued before 1234' },
    { ...entry, kind: 'refused', jti: 'j6', reason: 'use 1506' },
    { ...entry, kind: 'lost', jti: 'j7', reason: 'eviction', actor: '', operationID: '' },
    { ...entry, kind: 'imported', jti: 'j8', actor: '', operationID: '' },
  ]);
});

test('what other nodes did is theirs to write down', async (t) => {
  const { events, list } = open(t);
  const origin = 'elsewhere';
  events.emit('tokensEnded', { userID: 'alice', platformID: 1, jtis: ['j'], reason: 'policy', origin, by });
  events.emit('cutoffRaised', { userID: '', platformID: 0, notBefore: 1, origin, by });
  assert.deepEqual(await list(), []);
});

test('a client that keeps trying with a token is told of once a minute', async (t) => {
  const { events, list, passTime } = open(t);
  const use = (jti: string, code = 1506) =>
    events.emit('tokenRefused', { what: 'use', code, userID: 'alice', platformID: 1, jti, by });
  for (let i = 0; i < 50; i++) use('j1');
  use('j1', 1507);
  use('j2');
  passTime(60_000);
  use('j1');
  assert.deepEqual(
    (await list()).map(({ jti, reason }) => `${jti} ${reason}`),
    ['j1 use 1506', 'j2 use 1506', 'j1 use 1507', 'j1 use 1506'],
  );
});

test('whoever guesses is told of once a minute, whatever is guessed', async (t) => {
  const { events, list } = open(t);
  for (const [actor, userID] of [
    ['address:192.0.2.1', 'imAdmin'],
    ['address:192.0.2.1', ''],
    ['mallory', 'x'],
  ]) {
    const guesser = { userID: actor ?? '', operationID: '' };
    events.emit('tokenRefused', {
      what: 'issue',
      code: 1002,
      userID: userID ?? '',
      platformID: 10,
      jti: '',
      by: guesser,
    });
  }
  assert.deepEqual(
    (await list()).map(({ actor }) => actor),
    ['mallory', 'address:192.0.2.1'],
  );
});

test('O2 refusals cannot flood the trail, and those left out are counted', async (t) => {
  const { events, list, log } = open(t);
  for (let i = 0; i < 130; i++) {
    events.emit('tokenRefused', { what: 'use', code: 1506, userID: 'alice', platformID: 1, jti: `j${i}`, by });
  }
  assert.equal((await list({ limit: 500 })).length, 100);
  assert.deepEqual(log, Array(30).fill('left out'));
});

test('T6 what clients say is shortened, and a token in it goes', async (t) => {
  const { events, list } = open(t);
  const said = { userID: 'u'.repeat(5000), operationID: `eyJhbGciOiJI.eyJVc2VySUQi.c2ln\n${'o'.repeat(5000)}` };
  events.emit('tokenRefused', { what: 'issue', code: 1002, userID: said.userID, platformID: 1, jti: '', by: said });
  const [entry] = await list();
  assert.equal(entry?.userID.length, 256);
  assert.equal(entry?.actor.length, 256);
  assert.match(entry?.operationID ?? '', /^\[token\] o{117}\.\.\.$/);
});

test('old entries are deleted at the start and then after each hundredth of the limit', async (t) => {
  const { events, list, trims } = open(t, 1000);
  const issue = () =>
    events.emit('tokenIssued', { userID: 'a', platformID: 1, jti: 'j', expiresAt: 1, by, how: 'login' });
  issue();
  await list();
  assert.deepEqual(trims, [1000]);
  for (let i = 0; i < 9; i++) issue();
  await list();
  assert.deepEqual(trims, [1000]);
  issue();
  await list();
  assert.deepEqual(trims, [1000, 1000]);
});

test('a trim that fails is told of and writes nothing twice', async (t) => {
  const { events, list, failing, log } = open(t);
  failing.trim = true;
  events.emit('tokenImported', { userID: 'a', platformID: 1, jti: 'j' });
  assert.equal((await list()).length, 1);
  assert.deepEqual(log, ['Error: cannot trim']);
});

test('a store that fails delays the trail', async (t) => {
  const { events, list, failing, log } = open(t);
  failing.append = true;
  events.emit('tokenImported', { userID: 'a', platformID: 1, jti: 'j' });
  assert.deepEqual(await list(), []);
  failing.append = false;
  assert.equal((await list()).length, 1);
  assert.deepEqual(log, ['Error: down', 'ended, 0 lost']);
});

test('closing writes what is waiting, and what follows is not written', async (t) => {
  const { events, trail, entries } = open(t);
  events.emit('tokenImported', { userID: 'a', platformID: 1, jti: 'j' });
  await trail[Symbol.asyncDispose]();
  events.emit('tokenImported', { userID: 'a', platformID: 1, jti: 'late' });
  await trail[Symbol.asyncDispose]();
  assert.deepEqual(
    entries.map(({ jti }) => jti),
    ['j'],
  );
});
