/** TESSERA_OPENIM_TOKENS=read: what OpenIM issued is honoured, and keeps its promised end from then on. */
import assert from 'node:assert/strict';
import { platforms } from '../../src/protocol/numbers/platforms.ts';
import { loginPolicy, type PolicyName } from '../../src/tokens/policy.ts';
import { OpenimServer, openimHash, openimSecret, openimTemporary, signOpenimToken } from '../support/openim-redis.ts';
import { asAdmin, callOf, hourMs, rejectsWith } from '../support/token-authority.ts';
import { testOnEveryRedis } from './support.ts';

const { IOS, Android, Windows, OSX, Web, APad, Admin, HarmonyOS } = platforms;
const noCache = { cache: { maxTokens: 0, ttlMs: 0 } };

testOnEveryRedis('tokens of OpenIM, read', 'read', async (t, world) => {
  const { openim, redis } = world;
  const { authority, calls } = await world.node(noCache);
  const other = (await world.node(noCache)).authority;

  await t.test('T1 a token outlives its 3.7.1 hash, which was made to lapse with an older one', async () => {
    const userID = world.newUser();
    const old = new OpenimServer(redis, { version: '3.7.1', expireMs: hourMs, clock: () => Date.now() - hourMs / 2 });
    await old.issue(userID, IOS);
    const token = await new OpenimServer(redis, { version: '3.7.1', expireMs: hourMs }).issue(userID, IOS);
    const { jti, expiresAt } = await authority.verify(token);

    await openim.lapse(userID, IOS);

    assert.equal(await openim.codeOf(userID, IOS, token), 1507, 'the anomaly');
    assert.equal(await other.verdict(token), 0);
    assert.equal((await world.ownKey(userID, jti))?.endsAt, expiresAt);
  });

  await t.test('T1 a hash without a TTL keeps no token beyond its end', async () => {
    const userID = world.newUser();
    const expiresAt = Math.floor(Date.now() / 1000) * 1000 + hourMs;
    const token = signOpenimToken({ userID, platformID: Web, issuedAt: Date.now(), expiresAt });
    const hash = openimHash(userID, Web);
    await redis.command(hash, ['HSET', hash, token, '0']);
    const { jti } = await authority.verify(token);
    assert.equal((await world.ownKey(userID, jti))?.endsAt, expiresAt);
  });

  await t.test('defect 16: a kicked token is 1506, also after OpenIM has forgotten the kick', async () => {
    const userID = world.newUser();
    const token = await openim.issue(userID, Web);
    await openim.kick(userID, Web, token);
    assert.equal(await authority.verdict(token), 1506);
    await openim.purge(userID, Web);
    assert.equal(await other.verdict(token), 1506);
  });

  await t.test('a state that OpenIM calls invalid is 1505, and nothing is taken in', async () => {
    const userID = world.newUser();
    const token = await openim.issue(userID, Web);
    const hash = openimHash(userID, Web);
    await redis.command(hash, ['HSET', hash, token, '3']);
    assert.equal(await authority.verdict(token), 1505);
    assert.deepEqual((await authority.listTokens(asAdmin, listOf(userID))).tokens, []);
  });

  await t.test('a token that neither knows is 1507, and is no loss of ours', async () => {
    const userID = world.newUser();
    const token = await openim.issue(userID, Web);
    await openim.lapse(userID, Web);
    assert.equal(await authority.verdict(token), 1507);
    assert.deepEqual(authority.takeHeard('tokenLost'), []);
  });

  await t.test('a token of another secret is 1505, whatever the hash says', async () => {
    const userID = world.newUser();
    const token = await new OpenimServer(redis, { secret: 'somebody else’s secret' }).issue(userID, Web);
    assert.equal(await authority.verdict(token), 1505);
    await authority.login(userID, Web);
    assert.equal((await authority.listTokens(asAdmin, listOf(userID))).tokens.length, 1);
  });

  await t.test('an older admin token is accepted to the end of its grace, and then 1507', async () => {
    let now = Date.now();
    const { authority: node } = await world.node({ ...noCache, clock: () => now });
    const token = await openim.issue('imAdmin', Admin);
    await openim.supersede('imAdmin', token, 200_000);
    const { endsAt, isAdmin } = await node.verify(token);
    assert.ok(isAdmin && endsAt > now + 190_000 && endsAt <= now + 200_000, String(endsAt - now));
    now = endsAt - 1;
    assert.equal(await node.verdict(token), 0);
    now = endsAt;
    assert.equal(await node.verdict(token), 1507);
  });

  await t.test('the grace is for admins alone', async () => {
    const userID = world.newUser();
    const token = await openim.issue(userID, Admin);
    await openim.supersede(userID, token);
    assert.equal(await authority.verdict(token), 1507);
    const web = await openim.issue(userID, Web);
    const temporary = openimTemporary(userID, web).replace(':Admin:', ':Web:');
    await redis.command(temporary, ['SET', temporary, '', 'EX', '300']);
    await openim.lapse(userID, Web);
    assert.equal(await authority.verdict(web), 1507);
  });

  await t.test('every token taken in is told of, once', async () => {
    const userID = world.newUser();
    const imported: string[] = [];
    const stop = authority.events.on('tokenImported', ({ userID: whose }) => imported.push(whose));
    const tokens = [await openim.issue(userID, Web), await openim.issue(userID, HarmonyOS)];
    for (const token of [...tokens, ...tokens]) await authority.verify(token);
    await authority.listTokens(asAdmin, listOf(userID));
    stop();
    assert.deepEqual(imported, [userID, userID]);
  });

  await t.test('a token that is known costs OpenIM’s keys no look', async () => {
    const token = await openim.issue(world.newUser(), Web);
    await authority.verify(token);
    const before = new Map(calls);
    await authority.verify(token);
    assert.deepEqual(calls, before);
  });

  await t.test('a token that was never used is listed, revoked and logged out like any other', async () => {
    const userID = world.newUser();
    const issuedAt = Date.now();
    const [first, second, third, fourth] = await Promise.all(
      [IOS, Web, Windows, APad].map((platformID) => openim.issue(userID, platformID)),
    );
    const { tokens } = await authority.listTokens(asAdmin, listOf(userID));
    assert.deepEqual(tokens.map((token) => [token.platformID, token.state]).sort(), [
      [IOS, 'live'],
      [Windows, 'live'],
      [Web, 'live'],
      [APad, 'live'],
    ]);
    assert.ok(tokens.every((token) => Math.abs(token.issuedAt - issuedAt) <= 2000));

    assert.equal(await authority.revokeToken(asAdmin, { token: first!, jti: '', userID: '' }), 1);
    assert.equal(await authority.verdict(first!), 1506);
    await authority.forceLogout(asAdmin, { userID, platformID: Web });
    assert.equal(await authority.verdict(second!), 1506);
    assert.equal(await authority.revokeTokens(asAdmin, { userID, platformIDs: [Windows], exceptCaller: false }), 1);
    assert.equal(await authority.verdict(third!), 1506);
    assert.equal(await authority.verdict(fourth!), 0);
    await authority.revokeIssuedBefore(asAdmin, { userID, platformIDs: [], issuedBefore: Date.now() });
    assert.equal(await authority.verdict(fourth!), 1506);
  });

  await t.test('T4 nothing resurrects what was ended here, whatever OpenIM’s hash still says', async () => {
    const userID = world.newUser();
    const token = await openim.issue(userID, Web);
    await authority.forceLogout(asAdmin, { userID, platformID: Web });
    await openim.issue(userID, Web);
    await other.listTokens(asAdmin, listOf(userID));
    assert.equal(await openim.codeOf(userID, Web, token), 0);
    for (const node of [authority, other]) assert.equal(await node.verdict(token), 1506);
  });

  const survivors: readonly [PolicyName, number, readonly number[]][] = [
    ['keep-all', Web, [IOS, Android, Windows, OSX, APad, Web]],
    ['one-per-platform', Android, [IOS, Windows, OSX, APad, Web]],
    ['one-per-class', Android, [OSX, APad, Web]],
    ['pc-and-one-other', Web, [Windows, OSX]],
    ['pc-and-one-other', Windows, [Windows, OSX, Android]],
  ];
  for (const [name, platformID, expected] of survivors) {
    await t.test(`T3 under ${name}, a login on platform ${platformID} counts tokens of OpenIM`, async () => {
      const { authority: node } = await world.node({ ...noCache, loginPolicy: loginPolicy(name, 30) });
      const userID = world.newUser();
      const now = Date.now();
      // A second apart, as their claims are: the later platforms are the newer.
      const issued = await Promise.all(
        [IOS, Android, Windows, OSX, APad, Web].map(async (platform, age, { length }) => {
          const clock = () => now - (length - age) * 1000;
          return { platform, token: await new OpenimServer(redis, { clock }).issue(userID, platform) };
        }),
      );
      const fresh = await node.login(userID, platformID);
      const verdicts = await Promise.all(
        issued.map(async ({ platform, token }) => [platform, await node.verdict(token)]),
      );
      const live = verdicts.filter(([, code]) => code === 0).map(([platform]) => platform);
      assert.deepEqual(live.sort(), expected.toSorted());
      assert.ok(verdicts.every(([, code]) => code === 0 || code === 1506));
      assert.equal(await node.verdict(fresh), 0);
    });
  }

  await t.test('T3 a first use beside logins leaves one session, and that is the newest', async () => {
    for (let round = 0; round < 20; round++) {
      const userID = world.newUser();
      const legacy = await openim.issue(userID, Web);
      const [, ...fresh] = await Promise.all([
        authority.verdict(legacy),
        ...[authority, other, authority, other].map((node) => node.login(userID, Web)),
        other.verdict(legacy),
      ]);
      const logins = fresh.filter((each) => typeof each === 'string');
      assert.equal(await authority.verdict(legacy), 1506);
      const verdicts = await Promise.all(logins.map((token) => authority.verdict(token)));
      assert.equal(verdicts.filter((code) => code === 0).length, 1);
    }
  });

  await t.test('the one admin token of OpenIM gives way to a new one, with its grace', async () => {
    const token = await openim.issue('opsAdmin', Admin);
    await authority.loginAdmin('opsAdmin');
    const { endsAt } = await authority.verify(token);
    assert.ok(Math.abs(endsAt - Date.now() - 5 * 60_000) < 5000);
  });

  await t.test('T4 an older admin token that was never used here is revoked for good, in its grace', async () => {
    // Tokens of OpenIM that are alike in all claims are the same token (known defect 4).
    const [first, second] = [
      await openim.issue('imAdmin', Admin, 3 * hourMs),
      await openim.issue('imAdmin', Admin, hourMs),
    ];
    for (const token of [first, second]) await openim.supersede('imAdmin', token);
    assert.equal(await authority.revokeToken(asAdmin, { token: first, jti: '', userID: '' }), 1);
    await authority.revokeForClient('gateway', second, 'op');
    for (const token of [first, second]) assert.equal(await authority.verdict(token), 1506);
  });

  await t.test('to revoke a token in a state that OpenIM calls invalid is a success', async () => {
    const userID = world.newUser();
    const token = await openim.issue(userID, Web);
    await redis.command(openimHash(userID, Web), ['HSET', openimHash(userID, Web), token, '1']);
    assert.equal(await authority.revokeToken(asAdmin, { token, jti: '', userID: '' }), 0);
    await authority.revokeForClient('gateway', token, 'op');
  });

  await t.test('a renewal takes the place of a token of OpenIM', async () => {
    const userID = world.newUser();
    const before = new OpenimServer(redis, { clock: () => Date.now() - hourMs });
    const old = await before.issue(userID, Web);
    const { token } = await authority.renewToken(callOf(userID, await authority.verify(old)), {});
    assert.equal(await authority.verdict(token), 0);
    assert.ok((await authority.verify(old)).endsAt <= Date.now() + 60_000, 'its overlap');
  });

  await t.test('what stands in OpenIM’s keys and is nothing of OpenIM’s keeps nobody from logging in', async () => {
    const userID = world.newUser();
    const [hash, string] = [openimHash(userID, Web), openimHash(userID, IOS)];
    await redis.command(hash, ['HSET', hash, 'no token', '0', '', '0', 'a.b.c', 'x']);
    await redis.command(string, ['SET', string, 'x', 'EX', '60']);
    const claims = { userID, platformID: IOS, issuedAt: Date.now(), expiresAt: Date.now() + hourMs };
    assert.equal(await authority.verdict(signOpenimToken(claims)), 1507);
    assert.equal(await authority.verdict(await authority.login(userID, IOS)), 0);
  });

  await t.test('a token in another user’s hash is not that user’s', async () => {
    const [userID, thief] = [world.newUser(), world.newUser()];
    const token = await openim.issue(userID, Web);
    await openim.lapse(userID, Web);
    const hash = openimHash(thief, Web);
    await redis.command(hash, ['HSET', hash, token, '0']);
    assert.deepEqual((await authority.listTokens(asAdmin, listOf(thief))).tokens, []);
    assert.equal(await authority.verdict(token), 1507);
  });

  await t.test('T5 defect 15: where OpenIM’s keys cannot be read, the answer is 500', async () => {
    const fail = () => Promise.reject(new Error('connection lost'));
    const { authority: node } = await world.node(noCache, { hget: fail, evalScript: fail });
    const userID = world.newUser();
    const token = await openim.issue(userID, Web);
    assert.equal(await node.verdict(token), 500);
    await assert.rejects(node.login(userID, Web), rejectsWith(500));
    await assert.rejects(node.forceLogout(asAdmin, { userID, platformID: Web }), rejectsWith(500));
    assert.equal(await authority.verdict(token), 0);

    const older = await openim.issue('imAdmin', Admin, 2 * hourMs);
    await openim.supersede('imAdmin', older);
    assert.equal(await (await world.node(noCache, { command: fail })).authority.verdict(older), 500);
  });

  await t.test('T6 the token itself is in no key or value of ours', async () => {
    const userID = world.newUser();
    const token = await openim.issue(userID, Web);
    const { jti } = await authority.verify(token);
    const value = (await world.ownKey(userID, jti))?.value ?? '';
    assert.match(`${jti} ${value}`, /^h:[\w-]+ l5\w+$/);
    assert.ok(!token.includes(jti.slice(2)) && openimSecret !== value);
  });
});

function listOf(userID: string) {
  return { userID, cursor: '', limit: 0 };
}
