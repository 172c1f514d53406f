/** What every TokenStore does when tokens are issued, found, kicked and listed, as the token authority relies on it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { platformIDs, platforms } from '../../src/protocol/numbers/platforms.ts';
import { newTokenID } from '../../src/tokens/claims.ts';
import { noCutoffs } from '../../src/tokens/cutoffs.ts';
import { chooseVictims, type LoginPolicy, loginPolicy, policyGroups, policyNames } from '../../src/tokens/policy.ts';
import type { NewToken, TokenPlace, TokenRecord } from '../../src/tokens/token-store.ts';
import {
  assertAllowed,
  hourMs,
  isLive,
  liveRecord,
  namesOf,
  type OpenTokenStores,
  seededRandom,
  TokenNodes,
} from './support/token-nodes.ts';

const cap = 3;
const keepAll = loginPolicy('keep-all', cap);
/** Rooms that overlap, of several sizes, and platforms in none. */
const custom: LoginPolicy = [
  { platforms: [1, 2, 11], size: 2 },
  { platforms: [3, 4, 7, 5], size: 2 },
  { platforms: [1, 2, 5], size: 3, prefer: 5 },
  { platforms: [8, 9, 11], size: 1 },
];
const policies: Readonly<Record<string, LoginPolicy>> = {
  ...Object.fromEntries(policyNames.map((name) => [name, loginPolicy(name, cap)])),
  custom,
};
const userPlatforms = platformIDs.filter((id) => id !== platforms.Admin);

export async function tokenStoreSuite(t: TestContext, open: OpenTokenStores) {
  const at = new TokenNodes(t, open);
  const { store, nodes } = at;

  await t.test('keeps every field of an issued token, for every node', async () => {
    const record = at.tokenOf(at.newUser(), {
      platformID: 11,
      issuedAt: at.now - 7,
      expiresAt: at.now + 12_345_000,
      deviceName: "Alice's phone",
      keyMark: 'Q7',
    });
    const outcome = await store.issue({ record, groups: [], everyonesCutoffs: noCutoffs });
    assert.deepEqual(outcome, { isIssued: true, kicked: [], superseded: [] });
    for (const node of nodes) {
      assert.deepEqual(await node.find(record), { record: liveRecord(record), cutoffs: new Map() });
    }
  });

  await t.test('finds a token only under its own user and name', async () => {
    const token = await at.issueBeside(at.tokenOf(at.newUser()));
    assert.equal(await at.stateOf({ ...token, userID: at.newUser() }), undefined);
    assert.equal(await at.stateOf({ ...token, jti: newTokenID(randomBytes) }), undefined);
    assert.equal(await at.stateOf({ ...token, jti: token.jti.toLowerCase() }), undefined);
    assert.equal(await at.stateOf({ ...token, jti: '' }), undefined);
  });

  await t.test('T6 takes user IDs of any characters apart', async () => {
    const IDs = ['a', 'A', 'a}b', '{a}', 'ä€😀', "a' OR '1'='1", 'a%', 'a_', 'a b', 'a|b', 'a:b', 'a:tokens'].map(
      (id) => `${at.newUser()}${id}`,
    );
    for (const userID of IDs) await at.issueBeside(at.tokenOf(userID));
    for (const userID of IDs) {
      const tokens = await at.tokensOf(userID);
      assert.deepEqual(
        tokens.map((token) => token.userID),
        [userID],
      );
    }
  });

  await t.test('T1 every token lives to its own end, whatever happens to its neighbours', async () => {
    const userID = at.newUser();
    const ends = [2, 1, 4, 1.01, 3, 1.5].map((hours) => at.now + hours * hourMs);
    const tokens = await Promise.all(ends.map((expiresAt) => at.issueBeside(at.tokenOf(userID, { expiresAt }))));
    await store.kick(userID, { jtis: [tokens[2]!.jti] }, 'forced', 'kicked');
    await store.touch(userID, namesOf(tokens), at.now + 1);
    await store.cutOff(userID, platforms.Web, at.now, at.now + hourMs / 4);
    await at.issue(at.tokenOf(userID, { platformID: platforms.Web, expiresAt: at.now + hourMs / 2 }));
    await at.renew(tokens[4]!.jti, at.tokenOf(userID, { platformID: platforms.OSX }), at.now + 60_000);

    for (const { expiresAt } of tokens) {
      for (at.now of [expiresAt - 1, expiresAt]) {
        const expected = tokens.filter((token) => token.expiresAt > at.now);
        const found = await Promise.all(tokens.map((token) => store.find(token)));
        assert.deepEqual(
          found.flatMap(({ record }) => (record === undefined ? [] : [[record.jti, record.expiresAt]])),
          expected.map((token) => [token.jti, token.expiresAt]),
        );
        const listed = (await at.tokensOf(userID)).filter((record) => record.platformID === platforms.IOS);
        assert.deepEqual(namesOf(listed), namesOf(expected));
      }
    }
  });

  for (const [name, policy] of Object.entries(policies)) {
    await t.test(`T3 policy ${name}: each issue ends exactly what the table says`, async () => {
      const userID = at.newUser();
      const random = seededRandom(name.length);
      let live: (NewToken & { issueOrder: number })[] = [];
      for (let round = 0; round < 60; round += 1) {
        const platformID = userPlatforms[random(userPlatforms.length)]!;
        // Crowds that this policy would not leave come from a configuration that was changed.
        const effective = random(4) === 0 ? keepAll : policy;
        const victims = chooseVictims(policyGroups(effective, platformID), live);

        const request = { policy: effective, on: nodes[round % 2]! };
        const { record, kicked } = await at.issue(at.tokenOf(userID, { platformID }), request);

        assert.deepEqual(namesOf(kicked), namesOf(victims));
        live = [...live.filter((token) => !victims.includes(token)), { ...record, issueOrder: round }];
        const stored = await at.tokensOf(userID);
        assert.deepEqual(namesOf(stored.filter(isLive)), namesOf(live));
        assert.equal(stored[0]?.jti, record.jti, 'newest first');
      }
    });

    await t.test(`T3 policy ${name}: 64 concurrent issues leave what is allowed, and the newest`, async () => {
      const userID = at.newUser();
      const outcomes = await Promise.all(
        Array.from({ length: 64 }, async (_, i) => {
          const platformID = userPlatforms[(i * 7) % userPlatforms.length]!;
          const on = nodes[i % 2]!;
          const outcome = await at.issue(at.tokenOf(userID, { platformID }), { policy, on });
          assertAllowed(policy, (await on.list(userID)).tokens);
          return outcome;
        }),
      );
      const stored = await at.tokensOf(userID);
      assertAllowed(policy, stored);
      assert.equal(stored.length, 64);
      const kicked = outcomes.flatMap((outcome) => outcome.kicked);
      assert.deepEqual(namesOf(kicked), namesOf(stored.filter((token) => !isLive(token))), 'each victim told once');
      for (const token of kicked) assert.deepEqual([token.state, token.reason], ['kicked', 'policy']);
    });
  }

  await t.test('T3 of issues within one millisecond the later is the newer', async () => {
    const userID = at.newUser();
    const tokens = [];
    for (let i = 0; i < 6; i += 1) {
      tokens.push((await at.issue(at.tokenOf(userID), { policy: keepAll, on: nodes[i % 2]! })).record);
    }
    const states = await Promise.all(tokens.map((token) => at.stateOf(token)));
    assert.deepEqual(states, ['kicked', 'kicked', 'kicked', 'live', 'live', 'live']);
    assert.deepEqual(
      (await at.tokensOf(userID)).map(({ jti }) => jti),
      tokens.map(({ jti }) => jti).reverse(),
    );
  });

  await t.test("T3 the later issue is the newer by a slower node's clock too", async () => {
    const userID = at.newUser();
    const fast = await at.issue(at.tokenOf(userID, { issuedAt: at.now + 5000 }), { policy: keepAll });
    const slow = [];
    for (let i = 0; i < cap; i += 1) {
      slow.push((await at.issue(at.tokenOf(userID), { policy: keepAll, on: at.peer })).record);
    }
    assert.equal(await at.stateOf(fast.record), 'kicked');
    assert.deepEqual(await Promise.all(slow.map((token) => at.stateOf(token))), ['live', 'live', 'live']);
  });

  await t.test('T3 an issue that fails changes nothing', async () => {
    const userID = at.newUser();
    const live = await at.issueBeside(at.tokenOf(userID));
    const other = await at.issueBeside(at.tokenOf(userID, { platformID: platforms.Web }));
    const before = await store.list(userID);

    await assert.rejects(at.issue(at.tokenOf(userID, { jti: live.jti })));
    await assert.rejects(at.issue(at.tokenOf(userID, { jti: other.jti })));
    await assert.rejects(at.issueAdmin(at.tokenOf(userID, { jti: live.jti }), at.now + 1000));
    await assert.rejects(at.renew(live.jti, at.tokenOf(userID, { jti: live.jti }), at.now + 1000));

    assert.deepEqual(await store.list(userID), before);
  });

  await t.test('T3 expired and ended tokens are neither counted nor ended again', async () => {
    const userID = at.newUser();
    const expired = at.tokenOf(userID, { expiresAt: at.now + hourMs / 2 });
    await at.issueBeside(expired);
    const revoked = await at.issueBeside(at.tokenOf(userID));
    await store.kick(userID, { jtis: [revoked.jti] }, 'forced', 'revoked');
    at.now += hourMs / 2;
    const issue = () => at.issue(at.tokenOf(userID), { policy: keepAll });
    for (let i = 0; i < cap; i += 1) assert.deepEqual((await issue()).kicked, []);
    assert.equal((await issue()).kicked.length, 1);
    assert.equal(await at.stateOf(revoked), 'revoked');
    assert.equal(await at.stateOf(expired), undefined);
  });

  await t.test('T4 defect 16: a kicked token stays known as kicked through later issues', async () => {
    const userID = at.newUser();
    const { record } = await at.issue(at.tokenOf(userID));
    for (let i = 0; i < 3; i += 1) await at.issue(at.tokenOf(userID));
    at.now = record.expiresAt - 1;
    assert.equal(await at.stateOf(record), 'kicked');
  });

  await t.test('no login policy ends an admin token', async () => {
    const userID = at.newUser();
    const admin = await at.issueBeside(at.tokenOf(userID, { platformID: platforms.Admin }));
    for (const policy of Object.values(policies)) {
      for (const platformID of userPlatforms) await at.issue(at.tokenOf(userID, { platformID }), { policy });
    }
    assert.equal(await at.stateOf(admin), 'live');
  });

  await t.test('kick by name ends those tokens and no others', async () => {
    const userID = at.newUser();
    const tokens = await Promise.all(Array.from({ length: 4 }, () => at.issueBeside(at.tokenOf(userID))));
    const [a, b, c] = tokens as [NewToken, NewToken, NewToken];
    const stranger = await at.issueBeside(at.tokenOf(at.newUser()));

    const jtis = [a.jti, b.jti, a.jti, stranger.jti, newTokenID(randomBytes)];
    const kicked = await store.kick(userID, { jtis }, 'displaced', 'kicked');

    assert.deepEqual(namesOf(kicked), namesOf([a, b]));
    for (const token of [a, b]) {
      const expected = { ...liveRecord(token), state: 'kicked', reason: 'displaced' };
      assert.deepEqual((await at.find(token)).record, expected);
      assert.deepEqual(
        kicked.find(({ jti }) => jti === token.jti),
        expected,
      );
    }
    assert.deepEqual(await Promise.all([c, stranger].map((token) => at.stateOf(token))), ['live', 'live']);
    assert.deepEqual(await store.kick(userID, { jtis: [] }, 'displaced', 'kicked'), []);
  });

  await t.test('kick by platform ends all of those platforms', async () => {
    const userID = at.newUser();
    const phones = [await at.issueBeside(at.tokenOf(userID)), await at.issueBeside(at.tokenOf(userID))];
    const web = await at.issueBeside(at.tokenOf(userID, { platformID: platforms.Web }));
    const pad = await at.issueBeside(at.tokenOf(userID, { platformID: platforms.IPad }));
    const selector = { platformIDs: [platforms.IOS, platforms.IPad] };
    const kicked = await store.kick(userID, selector, 'forced', 'revoked');
    assert.deepEqual(namesOf(kicked), namesOf([...phones, pad]));
    const states = await Promise.all([...phones, pad, web].map((token) => at.stateOf(token)));
    assert.deepEqual(states, ['revoked', 'revoked', 'revoked', 'live']);
    assert.deepEqual(await store.kick(userID, { platformIDs: [] }, 'forced', 'revoked'), [], 'none is not all');
    assert.deepEqual(await store.kick(at.newUser(), selector, 'forced', 'kicked'), []);
  });

  await t.test('ends all on some platforms but one token', async () => {
    const userID = at.newUser();
    const [spared, ended, elsewhere] = [
      await at.issueBeside(at.tokenOf(userID)),
      await at.issueBeside(at.tokenOf(userID)),
      await at.issueBeside(at.tokenOf(userID, { platformID: platforms.Web })),
    ];
    const selector = { platformIDs: [platforms.IOS], exceptJti: spared.jti };
    const gone = await store.kick(userID, selector, 'revoked', 'revoked');
    assert.deepEqual(
      gone.map(({ jti }) => jti),
      [ended.jti],
    );
    for (const token of [spared, elsewhere]) assert.equal((await nodes[1]!.find(token)).record?.state, 'live');
  });

  await t.test('says whether a cutoff has moved', async () => {
    const userID = at.newUser();
    const cutOff = (notBefore: number, on = store) => on.cutOff(userID, platforms.IOS, notBefore, at.now + hourMs);
    const moves = [
      await cutOff(at.now),
      await cutOff(at.now, nodes[1]!),
      await cutOff(at.now - 1),
      await cutOff(at.now + 1),
    ];
    assert.deepEqual(moves, [true, false, false, true]);
  });

  await t.test('kick by platform spares the one token that it is told to', async () => {
    const userID = at.newUser();
    const [spared, phone] = [await at.issueBeside(at.tokenOf(userID)), await at.issueBeside(at.tokenOf(userID))];
    const pad = await at.issueBeside(at.tokenOf(userID, { platformID: platforms.IPad }));
    const selector = { platformIDs: [platforms.IOS, platforms.IPad], exceptJti: spared.jti };
    assert.deepEqual(namesOf(await store.kick(userID, selector, 'revoked', 'revoked')), namesOf([phone, pad]));
    assert.equal(await at.stateOf(spared), 'live');
    const unknown = { platformIDs: [platforms.IOS], exceptJti: newTokenID(randomBytes) };
    assert.deepEqual(namesOf(await store.kick(userID, unknown, 'revoked', 'revoked')), [spared.jti]);
  });

  await t.test('T4 defect 9: kicking again changes nothing, and of concurrent kicks one has the effect', async () => {
    const userID = at.newUser();
    const token = await at.issueBeside(at.tokenOf(userID));
    const kicks = await Promise.all(
      Array.from({ length: 16 }, (_, i) => nodes[i % 2]!.kick(userID, { jtis: [token.jti] }, 'forced', 'revoked')),
    );
    assert.deepEqual(namesOf(kicks.flat()), [token.jti]);
    assert.deepEqual(await store.kick(userID, { platformIDs: [platforms.IOS] }, 'displaced', 'kicked'), []);
    const expected = { ...liveRecord(token), state: 'revoked', reason: 'forced' };
    assert.deepEqual((await at.find(token)).record, expected);
  });

  await t.test('kick ends a superseded token as well', async () => {
    const userID = at.newUser();
    const first = at.tokenOf(userID, { platformID: platforms.Admin });
    await at.issueAdmin(first, at.now + 1);
    await at.issueAdmin(at.tokenOf(userID, { platformID: platforms.Admin }), at.now + 300_000);
    const kicked = await store.kick(userID, { jtis: [first.jti] }, 'forced', 'kicked');
    assert.deepEqual(kicked, [{ ...liveRecord(first), state: 'kicked', reason: 'forced' }]);
  });

  await t.test('defect 8: kick neither finds an expired token nor creates anything', async () => {
    const userID = at.newUser();
    const token = await at.issueBeside(at.tokenOf(userID));
    at.now = token.expiresAt;
    assert.deepEqual(await store.kick(userID, { jtis: [token.jti] }, 'forced', 'kicked'), []);
    assert.deepEqual(await store.kick(userID, { platformIDs: [platforms.IOS] }, 'forced', 'kicked'), []);
    assert.equal(await at.stateOf(token), undefined);
    assert.deepEqual(await at.tokensOf(userID), []);
  });

  await t.test('a user with more tokens than one batch holds is served whole', async () => {
    const userID = at.newUser();
    // Not all at once: each waits for the ones before it, and a loaded machine must not run into a time limit.
    for (let batch = 0; batch < 10; batch += 1) {
      await Promise.all(Array.from({ length: 30 }, () => at.issueBeside(at.tokenOf(userID))));
    }
    const { kicked, record } = await at.issue(at.tokenOf(userID));
    assert.equal(new Set(namesOf(kicked)).size, 300);
    const stored = await at.tokensOf(userID);
    assert.equal(stored.length, 301);
    assert.deepEqual(namesOf(stored.filter(isLive)), [record.jti]);
  });

  await t.test('pages of a list leave out nothing and repeat nothing, newest first, whatever the states', async () => {
    const userID = at.newUser();
    const tokens: NewToken[] = [];
    for (let i = 0; i < 130; i += 1) {
      // Several of one millisecond, and lives of many lengths.
      at.now += i % 3 === 0 ? 1 : 0;
      tokens.push(
        await at.issueBeside(
          at.tokenOf(userID, { expiresAt: at.now - (at.now % 1000) + hourMs * (1 + ((i * 7) % 5)) }),
        ),
      );
    }
    const ended = tokens.filter((_, i) => i % 5 !== 0).map(({ jti }) => jti);
    await store.kick(userID, { jtis: ended }, 'forced', 'kicked');
    for (const limit of [1, 2, 7, 50, 129, 130, 131]) {
      const seen: TokenRecord[] = [];
      for (let after: TokenPlace | undefined; ; ) {
        const { tokens: page, next } = await at.peer.list(userID, { after, limit });
        assert.ok(page.length <= limit);
        seen.push(...page);
        if (next === undefined) break;
        after = next;
      }
      assert.equal(seen.length, 130);
      assert.deepEqual(namesOf(seen), namesOf(tokens));
      for (const [i, { issuedAt }] of seen.slice(1).entries()) assert.ok(issuedAt <= seen[i]!.issuedAt, 'newest first');
    }
  });

  await t.test('of superseded tokens past their grace only the newest are remembered', async () => {
    const userID = at.newUser();
    const admin = () => at.tokenOf(userID, { platformID: platforms.Admin });
    const first = admin();
    await at.issueAdmin(first, at.now + 1000);
    assert.equal(await store.hasForgotten(userID), false);
    const within = [];
    for (let i = 0; i < 105; i += 1) {
      at.now += 1;
      const record = admin();
      await at.issueAdmin(record, at.now + 1000);
      within.push(record);
    }
    for (const record of [first, ...within.slice(0, -1)]) assert.equal(await at.stateOf(record), 'superseded');
    at.now += 1000;
    const latest = admin();
    await at.issueAdmin(latest, at.now + 1000);
    assert.deepEqual(await Promise.all([first, latest].map((token) => at.stateOf(token))), [undefined, 'live']);
    assert.equal(await store.hasForgotten(userID), true);
    assert.equal(await at.stateOf(within[50]!), 'superseded');
    assert.equal((await at.tokensOf(userID)).length, 102);
    const kicked = await store.kick(userID, { platformIDs: [platforms.Admin] }, 'revoked', 'revoked');
    assert.equal(kicked.length, 2, 'of those, the ones that are still accepted');
  });

  await t.test('a sweep forgets nothing that has not expired', async () => {
    const userID = at.newUser();
    await at.issueBeside(at.tokenOf(userID, { expiresAt: at.now + hourMs / 2 }));
    const kicked = await at.issueBeside(at.tokenOf(userID));
    await store.kick(userID, { jtis: [kicked.jti] }, 'forced', 'kicked');
    const live = await at.issueBeside(at.tokenOf(userID));
    at.now += hourMs / 2;
    await store.sweepExpired();
    assert.deepEqual(namesOf(await at.tokensOf(userID)), namesOf([kicked, live]));
  });

  await t.test('answers a ping', () => store.ping());
}
