/** What every TokenStore does to tokens after their issue: renewal, cutoffs, adoption, last use; and what it counts. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { platforms } from '../../src/protocol/numbers/platforms.ts';
import { newTokenID } from '../../src/tokens/claims.ts';
import { allPlatforms, type Cutoffs, effectiveCutoff } from '../../src/tokens/cutoffs.ts';
import { loginPolicy } from '../../src/tokens/policy.ts';
import type { NewToken, TokenRecord } from '../../src/tokens/token-store.ts';
import { hourMs, liveRecord, namesOf, type OpenTokenStores, TokenNodes } from './support/token-nodes.ts';

export async function tokenChangesSuite(t: TestContext, open: OpenTokenStores) {
  const at = new TokenNodes(t, open);
  const { store, peer, nodes } = at;

  await t.test('supersedes the live tokens of the same platform until a given instant, once', async () => {
    const userID = at.newUser();
    const admin = () => at.tokenOf(userID, { platformID: platforms.Admin });
    const web = await at.issueBeside(at.tokenOf(userID, { platformID: platforms.Web }));
    const [first, second, third] = [admin(), admin(), admin()];
    await at.issueAdmin(first, at.now + 1);
    const toSecond = await at.issueAdmin(second, at.now + 300_000);
    const toThird = await at.issueAdmin(third, at.now + 600_000);

    const expected = { ...liveRecord(first), state: 'superseded', acceptedUntil: at.now + 300_000 };
    assert.deepEqual([toSecond.isIssued, toSecond.kicked, toSecond.superseded], [true, [], [expected]]);
    assert.deepEqual((await at.find(first)).record, expected);
    assert.deepEqual(namesOf(toThird.superseded), [second.jti]);
    assert.deepEqual(await Promise.all([third, web].map((token) => at.stateOf(token))), ['live', 'live']);
  });

  await t.test('T3 a renewal takes the place of the one token that it names', async () => {
    const userID = at.newUser();
    const [old, neighbour] = [await at.issueBeside(at.tokenOf(userID)), await at.issueBeside(at.tokenOf(userID))];
    const { isIssued, kicked, superseded, record } = await at.renew(old.jti, at.tokenOf(userID), at.now + 60_000);
    const successor = { jti: record.jti, expiresAt: record.expiresAt };
    const expected = { ...liveRecord(old), state: 'superseded', acceptedUntil: at.now + 60_000, successor };
    assert.deepEqual([isIssued, kicked, superseded], [true, [], [expected]]);
    assert.deepEqual((await at.find(old)).record, expected);
    assert.deepEqual((await at.find(record)).record, { ...liveRecord(record), loginAt: old.issuedAt });
    assert.deepEqual(await Promise.all([record, neighbour].map((token) => at.stateOf(token))), ['live', 'live']);
  });

  const notLive: Record<string, (token: NewToken) => Promise<unknown>> = {
    superseded: (token) => at.renew(token.jti, at.tokenOf(token.userID), at.now + 60_000),
    kicked: (token) => store.kick(token.userID, { jtis: [token.jti] }, 'forced', 'kicked'),
    revoked: (token) => store.kick(token.userID, { jtis: [token.jti] }, 'revoked', 'revoked'),
    'cut off': (token) => store.cutOff(token.userID, allPlatforms, at.now + 1, at.now + hourMs),
    expired: async (token) => {
      at.now = token.expiresAt;
    },
  };
  for (const [what, end] of Object.entries(notLive)) {
    await t.test(`T3 T4 a token that is ${what} is not renewed, and nothing happens`, async () => {
      const userID = at.newUser();
      const token = await at.issueBeside(at.tokenOf(userID));
      await end(token);
      const before = await store.list(userID);
      const record = at.tokenOf(userID, { issuedAt: at.now, expiresAt: at.now + hourMs });
      const { isIssued, kicked, superseded } = await at.renew(token.jti, record, at.now + 1000);
      assert.deepEqual([isIssued, kicked, superseded], [false, [], []]);
      assert.deepEqual(await store.list(userID), before);
    });
  }

  await t.test('T4 a row of renewals goes back to its login, and does not escape a cutoff in between', async () => {
    const userID = at.newUser();
    const first = await at.issueBeside(at.tokenOf(userID));
    const loginAt = at.now;
    let last = first;
    for (let i = 0; i < 3; i += 1) {
      at.now += 60_000;
      const { record } = await at.renew(last.jti, at.tokenOf(userID), at.now + 60_000);
      assert.equal((await at.find(record)).record?.loginAt, loginAt);
      last = record;
    }
    await store.touch(userID, [last.jti], at.now + 1);
    await store.cutOff(userID, allPlatforms, loginAt + 1, at.now + hourMs);
    const { isIssued } = await at.renew(last.jti, at.tokenOf(userID), at.now + 60_000);
    assert.equal(isIssued, false);
    // One who has logged in since is not meant, and takes the room of none that was.
    const { kicked, record } = await at.issue(at.tokenOf(userID));
    assert.deepEqual(kicked, []);
    assert.equal((await at.renew(record.jti, at.tokenOf(userID), at.now + 60_000)).isIssued, true);
  });

  await t.test("a renewal is of one's own token", async () => {
    const stranger = await at.issueBeside(at.tokenOf(at.newUser()));
    const userID = at.newUser();
    assert.equal((await at.renew(stranger.jti, at.tokenOf(userID), at.now + 1000)).isIssued, false);
    assert.deepEqual([await at.stateOf(stranger), await at.tokensOf(userID)], ['live', []]);
  });

  await t.test('T3 of concurrent renewals of one token, one succeeds', async () => {
    const userID = at.newUser();
    const old = await at.issueBeside(at.tokenOf(userID));
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, (_, i) => at.renew(old.jti, at.tokenOf(userID), at.now + 60_000, nodes[i % 2]!)),
    );
    assert.equal(outcomes.filter(({ isIssued }) => isIssued).length, 1);
    assert.equal((await at.tokensOf(userID)).length, 2);
  });

  await t.test("a user's cutoffs are the user's, by platform, and known to every node", async () => {
    const [userID, stranger] = [at.newUser(), at.newUser()];
    const token = await at.issueBeside(at.tokenOf(userID));
    await store.cutOff(userID, platforms.Web, at.now, at.now + hourMs);
    await peer.cutOff(userID, allPlatforms, at.now + 7, at.now + hourMs);
    const expected = new Map([
      [platforms.Web, at.now],
      [allPlatforms, at.now + 7],
    ]);
    for (const node of nodes) {
      assert.deepEqual(sorted((await node.list(userID)).cutoffs), sorted(expected));
      assert.deepEqual(sorted((await node.find(token)).cutoffs), sorted(expected));
      assert.deepEqual((await node.list(stranger)).cutoffs, new Map());
      assert.equal((await node.everyonesCutoffs()).size, 0);
    }
    assert.equal(await at.stateOf(token), 'live', 'the record itself stays as it is');
  });

  await t.test('a cutoff only moves forward, whoever moves it', async () => {
    const userID = at.newUser();
    const instants = [5, 9, 3, 12, 1, 12, 7].map((ms) => at.now + ms);
    for (const [i, instant] of instants.entries()) {
      const hasMoved = await nodes[i % 2]!.cutOff(userID, platforms.IOS, instant, at.now + hourMs);
      assert.equal(
        hasMoved,
        instants.slice(0, i).every((earlier) => earlier < instant),
        'and says whether it has',
      );
      const { cutoffs } = await store.list(userID);
      assert.equal(cutoffs.get(platforms.IOS), Math.max(...instants.slice(0, i + 1)));
    }
    const concurrent = Array.from({ length: 32 }, (_, i) => at.now + 100 + ((i * 13) % 32));
    await Promise.all(
      concurrent.map((instant, i) => nodes[i % 2]!.cutOff(userID, platforms.IOS, instant, at.now + hourMs)),
    );
    assert.deepEqual((await store.list(userID)).cutoffs, new Map([[platforms.IOS, at.now + 131]]));
  });

  await t.test("everyone's cutoffs are kept apart from any user's", async () => {
    await store.cutOff('', platforms.Linux, at.now, at.now + hourMs);
    await peer.cutOff('', platforms.MiniWeb, at.now - 5, at.now + hourMs);
    for (const node of nodes) {
      const cutoffs = await node.everyonesCutoffs();
      assert.deepEqual([cutoffs.get(platforms.Linux), cutoffs.get(platforms.MiniWeb)], [at.now, at.now - 5]);
      assert.deepEqual((await node.list(at.newUser())).cutoffs, new Map());
    }
  });

  const pcAndOneOther = loginPolicy('pc-and-one-other', 0);
  await t.test('T3 an Android token that was cut off is not preferred, and takes no room', async () => {
    const userID = at.newUser();
    const android = await at.issueBeside(at.tokenOf(userID, { platformID: platforms.Android }));
    const phone = await at.issueBeside(at.tokenOf(userID));
    await store.cutOff(userID, platforms.Android, at.now + 1, at.now + hourMs);
    const request = { policy: pcAndOneOther };
    const { kicked } = await at.issue(at.tokenOf(userID, { platformID: platforms.Windows }), request);
    assert.deepEqual(kicked, []);
    assert.deepEqual(await Promise.all([android, phone].map((token) => at.stateOf(token))), ['live', 'live']);
  });

  await t.test("T3 everyone's cutoffs count at issue as the user's own do", async () => {
    const userID = at.newUser();
    const android = await at.issueBeside(at.tokenOf(userID, { platformID: platforms.Android }));
    const phone = await at.issueBeside(at.tokenOf(userID));
    const desktop = () => at.tokenOf(userID, { platformID: platforms.Windows });
    for (const platformID of [platforms.Android, allPlatforms]) {
      const everyonesCutoffs = new Map([[platformID, at.now + 1]]);
      assert.deepEqual((await at.issue(desktop(), { policy: pcAndOneOther, everyonesCutoffs })).kicked, []);
    }
    const stillOlder = new Map([[allPlatforms, at.now]]);
    const { kicked } = await at.issue(desktop(), { policy: pcAndOneOther, everyonesCutoffs: stillOlder });
    assert.deepEqual(namesOf(kicked), [phone.jti], 'at the instant itself it is not before it');
    assert.equal(await at.stateOf(android), 'live');
  });

  await t.test('T1 a token issued after a cutoff lives, by whichever clock the cutoff was set', async () => {
    const userID = at.newUser();
    await store.cutOff(userID, allPlatforms, at.now + 5000, at.now + hourMs);
    const everyonesCutoffs = new Map([[platforms.Web, at.now + 9000]]);
    const own = (await at.issue(at.tokenOf(userID), { everyonesCutoffs })).record;
    const web = (await at.issue(at.tokenOf(userID, { platformID: platforms.Web }), { everyonesCutoffs })).record;
    for (const token of [own, web]) {
      const { record, cutoffs } = await at.find(token);
      assert.ok(
        record !== undefined && record.issuedAt >= effectiveCutoff(token.platformID, cutoffs, everyonesCutoffs),
      );
      assert.equal(record.expiresAt, token.expiresAt);
    }
    assert.equal((await at.find(own)).record?.issuedAt, at.now + 5000, 'no later than it must');
    // And is newer than what comes before, also for the policy.
    const { kicked } = await at.issue(at.tokenOf(userID), { everyonesCutoffs });
    assert.deepEqual(namesOf(kicked), [own.jti]);
  });

  const adopted = (fields: Partial<TokenRecord> = {}): TokenRecord => ({
    ...liveRecord(at.tokenOf(at.newUser(), { jti: `h:${newTokenID(randomBytes)}`, issuedAt: at.now - 1000 })),
    ...fields,
  });

  await t.test('adopts a token as it is, in any state', async () => {
    for (const record of [
      adopted(),
      adopted({ deviceName: 'a|b', lastSeenAt: at.now - 5 }),
      adopted({ state: 'kicked', reason: 'openim' }),
      adopted({ state: 'superseded', acceptedUntil: at.now + 300_000 }),
    ]) {
      assert.deepEqual(await store.adopt(record), record);
      assert.deepEqual((await at.find(record)).record, record);
      assert.deepEqual(await at.tokensOf(record.userID), [record]);
    }
  });

  await t.test('T1 T4 adopting what is known changes nothing, and resurrects nothing', async () => {
    const record = adopted();
    await store.adopt(record);
    await store.kick(record.userID, { jtis: [record.jti] }, 'forced', 'kicked');
    const kicked = { ...record, state: 'kicked', reason: 'forced' };
    for (const node of nodes) assert.deepEqual(await node.adopt(record), kicked);
    assert.deepEqual((await at.find(record)).record, kicked);

    const own = await at.issueBeside(at.tokenOf(record.userID, { deviceName: 'mine' }));
    assert.deepEqual(
      await store.adopt({ ...liveRecord(own), deviceName: 'theirs', state: 'revoked' }),
      liveRecord(own),
    );
  });

  await t.test('T4 a token that is adopted by many at once while it is kicked stays kicked', async () => {
    const record = adopted();
    await store.adopt(record);
    const work = Array.from({ length: 16 }, (_, i) => nodes[i % 2]!.adopt(record));
    const kick = peer.kick(record.userID, { platformIDs: [record.platformID] }, 'forced', 'kicked');
    await Promise.all([...work, kick, ...nodes.map((node) => node.adopt(record))]);
    assert.equal((await store.adopt(record))?.state, 'kicked');
    assert.equal((await at.tokensOf(record.userID)).length, 1);
  });

  await t.test('T3 an adopted token takes its room by the time of its own issue', async () => {
    const own = await at.issueBeside(at.tokenOf(at.newUser()));
    const { userID } = own;
    const older = adopted({ userID, issuedAt: at.now - 1000 });
    await store.adopt(older);
    const policy = loginPolicy('keep-all', 2);
    assert.deepEqual(namesOf((await at.issue(at.tokenOf(userID), { policy })).kicked), [older.jti]);
  });

  await t.test('T1 touch notes the last use and moves no end', async () => {
    const userID = at.newUser();
    const [a, b, c] = [
      await at.issueBeside(at.tokenOf(userID, { deviceName: 'a' })),
      await at.issueBeside(at.tokenOf(userID)),
      await at.issueBeside(at.tokenOf(userID)),
    ];
    await store.touch(userID, [a.jti, b.jti], at.now + 5);
    await peer.touch(userID, [a.jti], at.now + 3);
    assert.deepEqual((await at.find(a)).record, { ...liveRecord(a), lastSeenAt: at.now + 5 }, 'only forward');
    assert.deepEqual((await at.find(b)).record, { ...liveRecord(b), lastSeenAt: at.now + 5 });
    assert.deepEqual((await at.find(c)).record, liveRecord(c));
    await store.touch(userID, [], at.now + 9);
  });

  await t.test('T4 touch leaves the state of a token as it is, through whatever comes later', async () => {
    const userID = at.newUser();
    const [kicked, superseded] = [await at.issueBeside(at.tokenOf(userID)), await at.issueBeside(at.tokenOf(userID))];
    await store.kick(userID, { jtis: [kicked.jti] }, 'forced', 'kicked');
    const { record } = await at.renew(superseded.jti, at.tokenOf(userID), at.now + 60_000);
    const successor = { jti: record.jti, expiresAt: record.expiresAt };
    await store.touch(userID, [kicked.jti, superseded.jti], at.now + 5);
    const seen = { lastSeenAt: at.now + 5 };
    const [first, second] = [await at.find(kicked), await at.find(superseded)];
    assert.deepEqual(first.record, { ...liveRecord(kicked), state: 'kicked', reason: 'forced', ...seen });
    const acceptedUntil = at.now + 60_000;
    assert.deepEqual(second.record, {
      ...liveRecord(superseded),
      state: 'superseded',
      acceptedUntil,
      successor,
      ...seen,
    });
    const [ended] = await store.kick(userID, { jtis: [superseded.jti] }, 'forced', 'revoked');
    assert.equal(ended?.lastSeenAt, at.now + 5);
  });

  await t.test('touch creates nothing', async () => {
    const [userID, stranger] = [at.newUser(), at.newUser()];
    const token = await at.issueBeside(at.tokenOf(userID));
    await store.touch(stranger, [token.jti, newTokenID(randomBytes)], at.now + 5);
    assert.deepEqual(await at.tokensOf(stranger), []);
    assert.deepEqual((await at.find(token)).record, liveRecord(token));
  });

  await t.test('counts live tokens by platform, and no others', async () => {
    const before = await store.countLive();
    const userID = at.newUser();
    const platformID = platforms.Linux;
    await at.issueBeside(at.tokenOf(userID, { platformID }));
    await at.issueBeside(at.tokenOf(at.newUser(), { platformID }));
    await at.issueBeside(at.tokenOf(userID, { platformID: platforms.HarmonyOS }));
    await at.issueAdmin(at.tokenOf(userID, { platformID: platforms.Admin }), at.now);
    await at.issueAdmin(at.tokenOf(userID, { platformID: platforms.Admin }), at.now + 300_000);
    const kicked = await at.issueBeside(at.tokenOf(userID, { platformID: platforms.Web }));
    await store.kick(userID, { jtis: [kicked.jti] }, 'forced', 'kicked');
    const after = await peer.countLive();
    const gained = (id: number) => (after.get(id) ?? 0) - (before.get(id) ?? 0);
    assert.deepEqual([7, 11, 10, 5].map(gained), [2, 1, 1, 0]);
  });

  await t.test('keeps device names of any characters through every change', async () => {
    const names = ['a|b', '||||', '%7C', '100 %', ' ', 'Ünï 📱', "'; DROP TABLE tokens", '=,0', '\\', '"', '{}', '|'];
    const userID = at.newUser();
    for (const deviceName of names) {
      const token = await at.issueBeside(at.tokenOf(userID, { deviceName }));
      const stored = async () => (await at.find(token)).record?.deviceName;
      assert.equal(await stored(), deviceName);
      await store.touch(userID, [token.jti], at.now + 1);
      assert.equal(await stored(), deviceName);
      const { superseded } = await at.renew(token.jti, at.tokenOf(userID), at.now + 60_000);
      assert.deepEqual([superseded[0]?.deviceName, await stored()], [deviceName, deviceName]);
      const [kicked] = await store.kick(userID, { jtis: [token.jti] }, 'forced', 'kicked');
      assert.deepEqual([kicked?.deviceName, await stored()], [deviceName, deviceName]);
    }
    const listed = (await at.tokensOf(userID)).map(({ deviceName }) => deviceName).filter((name) => name !== '');
    assert.deepEqual(listed.sort(), names.sort());
  });
}

function sorted(cutoffs: Cutoffs): (readonly [number, number])[] {
  return [...cutoffs].sort(([a], [b]) => a - b);
}
