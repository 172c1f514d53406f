/** Known defects of kicking and logging out (rest-core.md 5.11), tried on one kind of store. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { DelUserPushTokenReq } from '../../src/protocol/gen/openim.ts';
import { loginPolicy } from '../../src/tokens/policy.ts';
import { connect, dialRefused, type SocketClient } from '../support/socket-client.ts';
import { asAdmin, callOf } from '../support/token-authority.ts';
import type { World } from '../wire/world.ts';
import type { Place } from './places.ts';

export async function endingDefects(t: TestContext, place: Place): Promise<void> {
  await t.test('Defect 8: a kick marks tokens that are there, and neither creates nor prolongs any', async () => {
    const authority = await place.openAuthority();
    const userID = place.newUser();
    const request = { userID, platformID: 1 };
    await authority.forceLogout(asAdmin, request);
    assert.equal((await place.endsOf(userID)).size, 0);

    const session = await authority.verify(await authority.login(userID));
    await authority.displace({ ...session, jti: 'another' }, [session.jti, 'A'.repeat(14)]);
    await authority.forceLogout(asAdmin, request);
    assert.deepEqual([...(await place.endsOf(userID))], [[session.jti, session.expiresAt]]);
  });

  await t.test('Defect 9: of kicks at the same time none brings back what another has ended', async () => {
    const loose = { loginPolicy: loginPolicy('keep-all', 0), cache: { maxTokens: 0, ttlMs: 0 } };
    const nodes = [await place.openAuthority(loose), await place.openAuthority(loose)] as const;
    const userID = place.newUser();
    const issued = await Promise.all(Array.from({ length: 8 }, () => nodes[0].login(userID)));
    const sessions = await Promise.all(issued.map((token) => nodes[0].verify(token)));

    let isOver = false;
    const watched = issued.map(async (token, i) => {
      let hasEnded = false;
      while (!isOver) {
        const code = await nodes[1].verdict(token);
        assert.ok(code === 1506 || !hasEnded, `token ${i} came back`);
        hasEnded ||= code === 1506;
        // A commit waits for its turn of the event loop, which microtasks alone would never let come.
        await new Promise(setImmediate);
      }
    });
    const kicks = sessions.map(({ jti }, i) =>
      nodes[((i + 1) % 2) as 0 | 1].displace(sessions[i]!, [jti, sessions[(i + 1) % 8]!.jti]),
    );
    const logouts = Array.from({ length: 4 }, (_, i) =>
      nodes[(i % 2) as 0 | 1].forceLogout(asAdmin, { userID, platformID: 1 }),
    );
    await Promise.all([...kicks, ...logouts]);
    assert.deepEqual(await Promise.all(issued.map((token) => nodes[0].verdict(token))), Array(8).fill(1506));
    isOver = true;
    await Promise.all(watched);
    assert.deepEqual(await Promise.all(issued.map((token) => nodes[1].verdict(token))), Array(8).fill(1506));
  });

  await t.test('Defect 10: a client that comes back at once after a forced logout is refused', async (t) => {
    const { world, userID } = await worldWithUser(t, place);
    const token = await world.issue(userID, 1);
    const query = { sendID: userID, platformID: '1', token, isMsgResp: 'false' };
    const socket = await connect({ port: world.wsPort, query });
    const logout = world.call('/auth/force_logout', { userID, platformID: 1 });
    assert.equal((await socket.nextReply()).reqIdentifier, 2002);
    const refusal = await dialRefused({ port: world.wsPort, query });
    assert.equal(JSON.parse(refusal.body).errCode, 1506);
    await logout;
  });

  await t.test('Defect 11: to end nothing is no failure', async () => {
    const authority = await place.openAuthority();
    const userID = place.newUser();
    await authority.forceLogout(asAdmin, { userID, platformID: 1 });
    const session = await authority.verify(await authority.login(userID));
    await authority.displace(session, []);
    await authority.displace(session, [session.jti]);
    await authority.displace(session, ['A'.repeat(14)]);
    assert.equal(await authority.revokeTokens(callOf(userID), { userID, platformIDs: [5], exceptCaller: false }), 0);
    assert.deepEqual(authority.takeHeard('tokensEnded'), []);
  });

  await t.test(
    'Defect 12: a login closes the sockets of the sessions it ends, before the new device connects',
    async (t) => {
      const settings = { TESSERA_LOGIN_POLICY: 'keep-all', TESSERA_MAX_TOKENS_PER_PLATFORM: '2' };
      for (const policy of [{ TESSERA_LOGIN_POLICY: '1' }, settings]) {
        const { world, userID } = await worldWithUser(t, place, policy);
        const first = await openSocket(world, userID, 1);
        if (policy === settings) await world.issue(userID, 1);
        await first.roundTrip();
        await world.issue(userID, 1);
        assert.equal((await first.nextReply()).reqIdentifier, 2002);
        await first.closed;
      }
    },
  );

  await t.test(
    'Defect 16: a kicked device that was offline hears 1506, however many logins there have been',
    async (t) => {
      const { world, userID } = await worldWithUser(t, place);
      const kicked = await world.issue(userID, 1);
      for (const platformID of [1, 1, 5, 9, 1]) await world.issue(userID, platformID);
      assert.equal(await world.verdict(kicked), 1506);
    },
  );

  await t.test('Defect 18: sessions of every platform can be ended by force, and their sockets', async (t) => {
    const { world, userID } = await worldWithUser(t, place);
    const sockets = new Map<number, SocketClient>();
    for (const platformID of [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]) {
      sockets.set(platformID, await openSocket(world, userID, platformID));
    }
    for (const [platformID, socket] of sockets) {
      await socket.roundTrip();
      assert.equal(socket.pending.length, 0);
      await world.call('/auth/force_logout', { userID, platformID });
      assert.equal((await socket.nextReply()).reqIdentifier, 2002, `platform ${platformID}`);
      await socket.closed;
    }
    const listed = (await world.call('/auth/list_tokens', { userID })).tokens as { state: string }[];
    assert.deepEqual(
      listed.map(({ state }) => state),
      Array(10).fill('kicked'),
    );
  });

  await t.test('Defect 25: a client that logs out ends its connection, and its token stays good', async (t) => {
    const { world, userID } = await worldWithUser(t, place);
    const token = await world.issue(userID, 1);
    const query = { sendID: userID, platformID: '1', token };
    const socket = await connect({ port: world.wsPort, query });
    const logout = DelUserPushTokenReq.encode({ userID, platformID: 1 }).finish();
    assert.equal((await socket.request(2003, logout)).errCode, 0);
    await socket.closed;
    assert.equal(await world.verdict(token), 0);
    const again = await connect({ port: world.wsPort, query });
    await again.roundTrip();
    again.ws.terminate();
  });
}

async function worldWithUser(t: TestContext, place: Place, settings: Readonly<Record<string, string>> = {}) {
  const world = await place.openWorld(t, settings);
  const userID = place.newUser();
  await world.register(userID);
  return { world, userID };
}

async function openSocket(world: World, userID: string, platformID: number): Promise<SocketClient> {
  const token = await world.issue(userID, platformID);
  return connect({ port: world.wsPort, query: { sendID: userID, platformID: String(platformID), token } });
}
