/** What every TokenStore does, as the token authority relies on it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type PlatformID, platformClass, platformIDs, platforms } from '../../src/protocol/constants.ts';
import { newTokenID } from '../../src/tokens/claims.ts';
import { chooseVictims, type LoginPolicy, policyGroups } from '../../src/tokens/policy.ts';
import type { NewToken, TokenRecord, TokenStore } from '../../src/tokens/token-store.ts';

/** Two nodes on the same data; where only one is possible, the same one twice. `clock` gives Unix ms. */
export type OpenTokenStores = (clock: () => number) => readonly [TokenStore, TokenStore];

const hourMs = 3_600_000;
const cap = 3;
const policies: readonly LoginPolicy[] = [0, 1, 4, 5];
const userPlatforms = platformIDs.filter((id) => id !== platforms.Admin);
/** Every live token stays. */
const keepAll = policyGroups(0, 0, platforms.IOS);

export async function tokenStoreSuite(t: TestContext, open: OpenTokenStores) {
  let now = 0;
  let userCount = 0;
  const nodes = open(() => now);
  const [store, peer] = nodes;

  t.beforeEach(() => {
    // Begins at the real time, because Redis ends its keys by its own clock; no token here really expires.
    now = Date.now();
  });

  const newUser = () => `user${++userCount}`;
  const tokenOf = (userID: string, fields: Partial<NewToken> = {}): NewToken => ({
    jti: newTokenID(randomBytes),
    userID,
    platformID: platforms.IOS,
    issuedAt: now,
    expiresAt: now + hourMs,
    ...fields,
  });
  const issue = async (record: NewToken, policy: LoginPolicy = 1, on = store) => {
    const groups = policyGroups(policy, cap, record.platformID as PlatformID);
    return { record, ...(await on.issue({ record, groups })) };
  };
  const issueBeside = async (record: NewToken) => {
    await store.issue({ record, groups: keepAll });
    return record;
  };
  const issueAdmin = (record: NewToken, acceptedUntil: number) =>
    store.issue({ record, groups: [], supersedePlatform: { acceptedUntil } });
  const stateOf = async ({ userID, jti }: NewToken) => (await peer.find(userID, jti))?.state;

  await t.test('keeps every field of an issued token, for every node', async () => {
    const record = tokenOf(newUser(), { platformID: 11, issuedAt: now - 7, expiresAt: now + 12_345_678 });
    assert.deepEqual(await store.issue({ record, groups: keepAll }), { kicked: [], superseded: [] });
    for (const node of nodes) assert.deepEqual(await node.find(record.userID, record.jti), liveRecord(record));
  });

  await t.test('finds a token only under its own user and name', async () => {
    const token = await issueBeside(tokenOf(newUser()));
    assert.equal(await store.find(newUser(), token.jti), undefined);
    assert.equal(await store.find(token.userID, newTokenID(randomBytes)), undefined);
    assert.equal(await store.find(token.userID, token.jti.toLowerCase()), undefined);
    assert.equal(await store.find('', ''), undefined);
  });

  await t.test('T6 takes user IDs of any characters apart', async () => {
    const IDs = ['a', 'A', 'a}b', '{a}', 'ä€😀', "a' OR '1'='1", 'a%', 'a_', 'a b', 'a|b'].map(
      (id) => `${newUser()}${id}`,
    );
    for (const userID of IDs) await issueBeside(tokenOf(userID));
    for (const userID of IDs) {
      assert.deepEqual(
        (await store.list(userID)).map((token) => token.userID),
        [userID],
      );
    }
  });

  await t.test('T1 every token lives to its own end, whatever happens to its neighbours', async () => {
    const userID = newUser();
    const ends = [2, 1, 4, 1.001, 3, 1.5].map((hours) => now + hours * hourMs);
    const tokens = await Promise.all(ends.map((expiresAt) => issueBeside(tokenOf(userID, { expiresAt }))));
    await store.kick(userID, { jtis: [tokens[2]!.jti] }, 'forced', 'kicked');
    await issue(tokenOf(userID, { platformID: platforms.Web, expiresAt: now + hourMs / 2 }));

    for (const { expiresAt } of tokens) {
      for (now of [expiresAt - 1, expiresAt]) {
        const expected = tokens.filter((token) => token.expiresAt > now).map(({ jti }) => jti);
        const found = await Promise.all(tokens.map(({ jti }) => store.find(userID, jti)));
        assert.deepEqual(
          found.flatMap((record) => record?.jti ?? []),
          expected,
        );
        const listed = (await store.list(userID)).filter((record) => record.platformID === platforms.IOS);
        assert.deepEqual(listed.map(({ jti }) => jti).sort(), expected.toSorted());
      }
    }
  });

  for (const policy of policies) {
    await t.test(`T3 policy ${policy}: each issue ends exactly what the table says`, async () => {
      const userID = newUser();
      const random = seededRandom(policy + 1);
      let live: (NewToken & { issueOrder: number })[] = [];
      for (let round = 0; round < 60; round += 1) {
        const platformID = userPlatforms[random(userPlatforms.length)]!;
        // Crowds that this policy would not leave come from a configuration that was changed.
        const effective = random(4) === 0 ? 0 : policy;
        const victims = chooseVictims(policyGroups(effective, cap, platformID), live);

        const { record, kicked } = await issue(tokenOf(userID, { platformID }), effective, nodes[round % 2]);

        assert.deepEqual(namesOf(kicked), namesOf(victims));
        live = [...live.filter((token) => !victims.includes(token)), { ...record, issueOrder: round }];
        const stored = await store.list(userID);
        assert.deepEqual(namesOf(stored.filter(isLive)), namesOf(live));
        assert.equal(stored[0]?.jti, record.jti, 'newest first');
      }
    });

    await t.test(`T3 policy ${policy}: 64 concurrent issues leave what is allowed, and the newest`, async () => {
      const userID = newUser();
      const outcomes = await Promise.all(
        Array.from({ length: 64 }, async (_, i) => {
          const platformID = userPlatforms[(i * 7) % userPlatforms.length]!;
          const node = nodes[i % 2]!;
          const outcome = await issue(tokenOf(userID, { platformID }), policy, node);
          assertAllowed(policy, await node.list(userID));
          return outcome;
        }),
      );
      const stored = await store.list(userID);
      assertAllowed(policy, stored);
      assert.equal(stored.length, 64);
      const kicked = outcomes.flatMap((outcome) => outcome.kicked);
      assert.deepEqual(namesOf(kicked), namesOf(stored.filter((token) => !isLive(token))), 'each victim told once');
      for (const token of kicked) assert.deepEqual([token.state, token.reason], ['kicked', 'policy']);
    });
  }

  await t.test('T3 of issues within one millisecond the later is the newer', async () => {
    const userID = newUser();
    const tokens = [];
    for (let i = 0; i < 6; i += 1) tokens.push((await issue(tokenOf(userID), 0, nodes[i % 2])).record);
    assert.deepEqual(await Promise.all(tokens.map(stateOf)), ['kicked', 'kicked', 'kicked', 'live', 'live', 'live']);
    assert.deepEqual(
      (await store.list(userID)).map(({ jti }) => jti),
      tokens.map(({ jti }) => jti).reverse(),
    );
  });

  await t.test("T3 the later issue is the newer by a slower node's clock too", async () => {
    const userID = newUser();
    const fast = await issue(tokenOf(userID, { issuedAt: now + 5000 }), 0);
    const slow = [];
    for (let i = 0; i < cap; i += 1) slow.push((await issue(tokenOf(userID), 0, peer)).record);
    assert.equal(await stateOf(fast.record), 'kicked');
    assert.deepEqual(await Promise.all(slow.map(stateOf)), ['live', 'live', 'live']);
  });

  await t.test('T3 an issue that fails changes nothing', async () => {
    const userID = newUser();
    const live = await issueBeside(tokenOf(userID));
    const other = await issueBeside(tokenOf(userID, { platformID: platforms.Web }));
    const before = await store.list(userID);

    await assert.rejects(issue(tokenOf(userID, { jti: live.jti })));
    await assert.rejects(issue(tokenOf(userID, { jti: other.jti })));
    await assert.rejects(issueAdmin(tokenOf(userID, { jti: live.jti }), now + 1000));

    assert.deepEqual(await store.list(userID), before);
  });

  await t.test('T3 expired and ended tokens are neither counted nor ended again', async () => {
    const userID = newUser();
    const expired = tokenOf(userID, { expiresAt: now + hourMs / 2 });
    await issueBeside(expired);
    const revoked = await issueBeside(tokenOf(userID));
    await store.kick(userID, { jtis: [revoked.jti] }, 'forced', 'revoked');
    now += hourMs / 2;
    for (let i = 0; i < cap; i += 1) assert.deepEqual((await issue(tokenOf(userID), 0)).kicked, []);
    assert.equal((await issue(tokenOf(userID), 0)).kicked.length, 1);
    assert.equal(await stateOf(revoked), 'revoked');
    assert.equal(await stateOf(expired), undefined);
  });

  await t.test('T4 defect 16: a kicked token stays known as kicked through later issues', async () => {
    const userID = newUser();
    const { record } = await issue(tokenOf(userID));
    for (let i = 0; i < 3; i += 1) await issue(tokenOf(userID));
    now = record.expiresAt - 1;
    assert.equal(await stateOf(record), 'kicked');
  });

  await t.test('supersedes the live tokens of the same platform until a given instant, once', async () => {
    const userID = newUser();
    const admin = (fields: Partial<NewToken> = {}) => tokenOf(userID, { platformID: platforms.Admin, ...fields });
    const web = await issueBeside(tokenOf(userID, { platformID: platforms.Web }));
    const [first, second, third] = [admin(), admin(), admin()];
    await issueAdmin(first, now + 1);
    const toSecond = await issueAdmin(second, now + 300_000);
    const toThird = await issueAdmin(third, now + 600_000);

    const expected = { ...liveRecord(first), state: 'superseded', acceptedUntil: now + 300_000 };
    assert.deepEqual(toSecond, { kicked: [], superseded: [expected] });
    assert.deepEqual(await store.find(userID, first.jti), expected);
    assert.deepEqual(namesOf(toThird.superseded), [second.jti]);
    assert.deepEqual(await Promise.all([third, web].map(stateOf)), ['live', 'live']);
  });

  await t.test('no login policy ends an admin token', async () => {
    const userID = newUser();
    const admin = await issueBeside(tokenOf(userID, { platformID: platforms.Admin }));
    for (const policy of policies) {
      for (const platformID of userPlatforms) await issue(tokenOf(userID, { platformID }), policy);
    }
    assert.equal(await stateOf(admin), 'live');
  });

  await t.test('kick by name ends those tokens and no others', async () => {
    const userID = newUser();
    const tokens = await Promise.all(Array.from({ length: 4 }, () => issueBeside(tokenOf(userID))));
    const [a, b, c] = tokens as [NewToken, NewToken, NewToken];
    const stranger = await issueBeside(tokenOf(newUser()));

    const jtis = [a.jti, b.jti, a.jti, stranger.jti, newTokenID(randomBytes)];
    const kicked = await store.kick(userID, { jtis }, 'displaced', 'kicked');

    assert.deepEqual(namesOf(kicked), namesOf([a, b]));
    for (const { jti } of [a, b]) {
      const expected = { ...liveRecord(jti === a.jti ? a : b), state: 'kicked', reason: 'displaced' };
      assert.deepEqual(await peer.find(userID, jti), expected);
      assert.deepEqual(
        kicked.find((token) => token.jti === jti),
        expected,
      );
    }
    assert.deepEqual(await Promise.all([c, stranger].map(stateOf)), ['live', 'live']);
    assert.deepEqual(await store.kick(userID, { jtis: [] }, 'displaced', 'kicked'), []);
  });

  await t.test('kick by platform ends all of that platform', async () => {
    const userID = newUser();
    const phones = [await issueBeside(tokenOf(userID)), await issueBeside(tokenOf(userID))];
    const web = await issueBeside(tokenOf(userID, { platformID: platforms.Web }));
    const kicked = await store.kick(userID, { platformID: platforms.IOS }, 'forced', 'revoked');
    assert.deepEqual(namesOf(kicked), namesOf(phones));
    assert.deepEqual(await Promise.all([...phones, web].map(stateOf)), ['revoked', 'revoked', 'live']);
    assert.deepEqual(await store.kick(newUser(), { platformID: platforms.IOS }, 'forced', 'kicked'), []);
  });

  await t.test('T4 defect 9: kicking again changes nothing, and of concurrent kicks one has the effect', async () => {
    const userID = newUser();
    const token = await issueBeside(tokenOf(userID));
    const kicks = await Promise.all(
      Array.from({ length: 16 }, (_, i) => nodes[i % 2]!.kick(userID, { jtis: [token.jti] }, 'forced', 'revoked')),
    );
    assert.deepEqual(namesOf(kicks.flat()), [token.jti]);
    assert.deepEqual(await store.kick(userID, { platformID: platforms.IOS }, 'displaced', 'kicked'), []);
    const expected = { ...liveRecord(token), state: 'revoked', reason: 'forced' };
    assert.deepEqual(await store.find(userID, token.jti), expected);
  });

  await t.test('kick ends a superseded token as well', async () => {
    const userID = newUser();
    const first = tokenOf(userID, { platformID: platforms.Admin });
    await issueAdmin(first, now + 1);
    await issueAdmin(tokenOf(userID, { platformID: platforms.Admin }), now + 300_000);
    const kicked = await store.kick(userID, { jtis: [first.jti] }, 'forced', 'kicked');
    assert.deepEqual(kicked, [{ ...liveRecord(first), state: 'kicked', reason: 'forced' }]);
  });

  await t.test('defect 8: kick neither finds an expired token nor creates anything', async () => {
    const userID = newUser();
    const token = await issueBeside(tokenOf(userID));
    now = token.expiresAt;
    assert.deepEqual(await store.kick(userID, { jtis: [token.jti] }, 'forced', 'kicked'), []);
    assert.deepEqual(await store.kick(userID, { platformID: platforms.IOS }, 'forced', 'kicked'), []);
    assert.equal(await store.find(userID, token.jti), undefined);
    assert.deepEqual(await store.list(userID), []);
  });

  await t.test('a user with more tokens than one batch holds is served whole', async () => {
    const userID = newUser();
    await Promise.all(Array.from({ length: 300 }, () => issueBeside(tokenOf(userID))));
    const { kicked, record } = await issue(tokenOf(userID));
    assert.equal(new Set(namesOf(kicked)).size, 300);
    const stored = await store.list(userID);
    assert.equal(stored.length, 301);
    assert.deepEqual(namesOf(stored.filter(isLive)), [record.jti]);
  });

  await t.test('a sweep forgets nothing that has not expired', async () => {
    const userID = newUser();
    await issueBeside(tokenOf(userID, { expiresAt: now + hourMs / 2 }));
    const kicked = await issueBeside(tokenOf(userID));
    await store.kick(userID, { jtis: [kicked.jti] }, 'forced', 'kicked');
    const live = await issueBeside(tokenOf(userID));
    now += hourMs / 2;
    await store.sweepExpired();
    assert.deepEqual(namesOf(await store.list(userID)), namesOf([kicked, live]));
  });

  await t.test('answers a ping', () => store.ping());
}

/** Never more sessions than the policy allows, never none, and always the newest. */
function assertAllowed(policy: LoginPolicy, newestFirst: readonly TokenRecord[]): void {
  const live = newestFirst.filter(isLive);
  assert.equal(live[0], newestFirst[0], 'the newest is live');
  assert.ok(live.length > 0);
  const rooms = Map.groupBy(live, ({ platformID }) => roomOf(policy, platformID));
  for (const [room, sessions] of rooms) {
    const allowed = policy === 0 ? cap : room === 'unlimited' ? Number.POSITIVE_INFINITY : 1;
    assert.ok(sessions.length <= allowed, `${sessions.length} sessions in ${room}`);
  }
}

function roomOf(policy: LoginPolicy, platformID: number): string {
  switch (policy) {
    case 0:
    case 1:
      return String(platformID);
    case 4:
      return platformClass(platformID);
    case 5:
      return platformClass(platformID) === 'PC' ? 'unlimited' : 'one';
  }
}

function isLive(token: TokenRecord): boolean {
  return token.state === 'live';
}

function liveRecord(token: NewToken): TokenRecord {
  return { ...token, state: 'live', reason: '', acceptedUntil: 0 };
}

function namesOf(tokens: readonly { readonly jti: string }[]): string[] {
  return tokens.map(({ jti }) => jti).sort();
}

/** Whole numbers below `bound`, the same in every run. */
function seededRandom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
