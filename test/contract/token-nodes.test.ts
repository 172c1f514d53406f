/** Two nodes on one Redis: what one does to a token holds on the other, whatever becomes of the news of it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loginPolicy } from '../../src/tokens/policy.ts';
import { connect } from '../support/socket-client.ts';
import { redisForSuite } from '../support/test-services.ts';
import { asAdmin, callOf } from '../support/token-authority.ts';
import { World } from '../wire/world.ts';
import { type Node, openNode, openProbe } from './support/redis-nodes.ts';
import { startSilentProxy } from './support/silent-proxy.ts';

/** So long that nothing here ends by it: what drops an entry is the news, or the want of it. */
const cache = { maxTokens: 1000, ttlMs: 3_600_000 };
const options = { cache, loginPolicy: loginPolicy('keep-all', 0) };

/** A token that a node has verified and serves from its cache. */
async function cachedToken({ authority }: Node, issuer: Node, userID = 'alice', platformID = 1): Promise<string> {
  const token = await issuer.authority.login(userID, platformID);
  await authority.verify(token);
  authority.takeHeard('tokenVerified');
  await authority.verify(token);
  assert.deepEqual(authority.takeHeard('tokenVerified'), [{ code: 0, wasCached: true }]);
  return token;
}

/** So that what follows is later by the clock: a cutoff ends what was issued before it. */
function passInstant(instant: number): void {
  while (Date.now() <= instant);
}

async function openNodes(t: TestContext, url: string, urlOfB = url): Promise<[Node, Node]> {
  return [await openNode(t, url, options), await openNode(t, urlOfB, options)];
}

test('what node A does reaches node B', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const [a, b] = await openNodes(t, server.url);

  const endings: Record<string, { end: (jti: string) => Promise<unknown>; news: 'tokensEnded' | 'cutoffRaised' }> = {
    'a forced logout': {
      end: () => a.authority.forceLogout(asAdmin, { userID: 'alice', platformID: 1 }),
      news: 'tokensEnded',
    },
    'a revocation': {
      end: (jti) => a.authority.revokeToken(asAdmin, { token: '', jti, userID: 'alice' }),
      news: 'tokensEnded',
    },
    "a cutoff of the user's": {
      end: () =>
        a.authority.revokeIssuedBefore(callOf('alice'), { userID: 'alice', platformIDs: [], issuedBefore: Date.now() }),
      news: 'cutoffRaised',
    },
    "everyone's cutoff": {
      end: () => a.authority.revokeIssuedBefore(asAdmin, { userID: '', platformIDs: [1], issuedBefore: Date.now() }),
      news: 'cutoffRaised',
    },
  };
  for (const [name, { end, news }] of Object.entries(endings)) {
    await t.test(`T4 within milliseconds: ${name}`, async () => {
      const token = await cachedToken(b, a);
      const { jti } = await b.authority.verify(token);
      passInstant((await b.authority.verify(token)).issuedAt);
      const heard = b.authority.heardOf(news, ({ origin }) => origin === 'elsewhere');
      const endedAt = performance.now();
      await end(jti);
      await heard;
      assert.equal(await b.authority.verdict(token), 1506);
      const tookMs = performance.now() - endedAt;
      t.diagnostic(`${name}: ${tookMs.toFixed(1)} ms from the call on A to 1506 on B`);
    });
  }

  await t.test('T4 within milliseconds: a login that the policy makes room for', async (t) => {
    const strict = await openNode(t, server.url, { cache, loginPolicy: loginPolicy('one-per-platform', 0) });
    const token = await cachedToken(b, a, 'bob');
    const { jti } = await b.authority.verify(token);
    const heard = b.authority.heardOf('tokensEnded', ({ jtis }) => jtis.includes(jti));
    await strict.authority.login('bob');
    assert.equal((await heard).reason, 'policy');
    assert.equal(await b.authority.verdict(token), 1506);
  });

  await t.test('T7 a newer admin token: the grace of the old one is known to B and its sockets', async () => {
    const token = await a.authority.loginAdmin();
    const session = await b.authority.verify(token);
    const heard = b.authority.heardOf('tokensSuperseded');
    await a.authority.loginAdmin();
    const { jtis, acceptedUntil } = await heard;
    assert.deepEqual(jtis, [session.jti]);
    assert.equal((await b.authority.verify(token)).endsAt, acceptedUntil);
  });

  await t.test('T1 the news of one leaves the cached others alone', async () => {
    const [kept, ended] = [await cachedToken(b, a, 'dave'), await cachedToken(b, a, 'dave', 5)];
    const heard = b.authority.heardOf('tokensEnded');
    await a.authority.forceLogout(asAdmin, { userID: 'dave', platformID: 5 });
    await heard;
    b.authority.takeHeard('tokenVerified');
    await b.authority.verify(kept);
    assert.deepEqual(b.authority.takeHeard('tokenVerified'), [{ code: 0, wasCached: true }]);
    assert.equal(await b.authority.verdict(ended), 1506);
  });
});

test('what node A does holds on node B that hears nothing of it', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const proxy = await startSilentProxy(t, server.port);
  const [a, b] = await openNodes(t, server.url, proxy.url);
  const probe = await openProbe(t, server.url);
  const revoke = (userID: string) =>
    a.authority.revokeTokens(asAdmin, { userID, platformIDs: [], exceptCaller: false });

  await t.test('T4 at once, as soon as the loss of the subscription is noticed', async () => {
    const token = await cachedToken(b, a);
    const [lost, restored] = [b.untilLost(), b.untilRestored()];
    await probe.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await lost;
    await b.authority.verify(token);
    await revoke('alice');
    assert.equal(await b.authority.verdict(token), 1506);
    await restored;
  });

  await t.test('T4 a revocation that is missed is known when B hears again', async () => {
    const token = await cachedToken(b, a, 'bob');
    const restored = b.untilRestored();
    // In one go: the news goes out while nobody listens.
    await Promise.all([probe.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']), revoke('bob')]);
    await restored;
    assert.equal(await b.authority.verdict(token), 1506);
    await cachedToken(b, a, 'bob');
  });

  await t.test(
    'T4 on a subscription that dies without a word: within the time that heartbeats may stay away',
    async () => {
      const token = await cachedToken(b, a, 'carol');
      const [lost, restored] = [b.untilLost(), b.untilRestored()];
      proxy.silenceSubscriptions();
      const silentAt = performance.now();
      await revoke('carol');
      assert.equal(await b.authority.verdict(token), 0, 'B cannot know yet');
      await lost;
      assert.equal(await b.authority.verdict(token), 1506);
      const tookMs = performance.now() - silentAt;
      t.diagnostic(`silent subscription: 1506 on B after ${tookMs.toFixed(0)} ms`);
      assert.ok(tookMs < 2500, `${tookMs} ms`);
      await restored;
    },
  );

  await t.test('T4 and B recovers by itself', async () => {
    const token = await cachedToken(b, a, 'dave');
    const heard = b.authority.heardOf('tokensEnded');
    await revoke('dave');
    await heard;
    assert.equal(await b.authority.verdict(token), 1506);
  });
});

test('T4 a socket on node B whose token was revoked while B heard nothing is closed when it hears again', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const proxy = await startSilentProxy(t, server.port);
  const [here, there] = [await openWorld(t, server.url), await openWorld(t, proxy.url)];
  for (const world of [here, there]) await world.register('dave');
  const open = (token: string, platformID: string) =>
    connect({ port: there.wsPort, query: { sendID: 'dave', platformID, token } });
  const [revoked, kept] = [
    await open(await there.issue('dave', 1), '1'),
    await open(await there.issue('dave', 5), '5'),
  ];

  proxy.silenceSubscriptions();
  await here.call('/auth/revoke_tokens', { userID: 'dave', platformIDs: [1] });

  assert.equal((await revoked.nextReply()).reqIdentifier, 2002);
  await revoked.closed;
  await kept.roundTrip();
  assert.equal(kept.pending.length, 0);
  kept.ws.terminate();
});

async function openWorld(t: TestContext, url: string): Promise<World> {
  const world = await World.open({ TESSERA_REDIS_URL: url });
  t.after(() => world[Symbol.asyncDispose]());
  return world;
}
