/** What the clock of the host does, and what tokens make of it: nothing, as far as the store knows them (T1, T5). */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connect } from '../support/socket-client.ts';
import { World } from './world.ts';

const uncached = { TESSERA_TOKEN_CACHE_SIZE: '0', TESSERA_OAUTH_CLIENTS: 'gateway:a-secret-of-the-gateway' };

async function openWorld(t: TestContext): Promise<World> {
  const world = await World.open(uncached);
  t.after(() => world[Symbol.asyncDispose]());
  return world;
}

test('T1 T5 a clock that is set back turns nobody away, at neither door', async (t) => {
  const world = await openWorld(t);
  const token = await world.issue('alice', 1);
  const query = { sendID: 'alice', platformID: '1', token };
  const socket = await connect({ port: world.wsPort, query });
  for (const byMs of [-30_000, -3_600_000]) {
    world.setClock(byMs);
    assert.deepEqual([await world.verdict(token), await world.verdict(world.token('admin'))], [0, 0]);
    await socket.roundTrip();
    const again = await connect({ port: world.wsPort, query });
    await again.roundTrip();
    again.ws.terminate();
    assert.equal(await world.verdict(await world.issue('bob', 1)), 0, 'a new login');
  }
  socket.ws.terminate();
});

test('T4 a token whose time seems not to have come is revoked all the same, by back ends too', async (t) => {
  const world = await openWorld(t);
  const [ours, theirs] = [await world.issue('alice', 1), await world.issue('bob', 1)];
  world.setClock(-60_000);
  assert.deepEqual(await world.call('/auth/revoke_token', { token: ours }), { revoked: 1 });
  const reply = await world.send({
    path: '/oauth2/revoke',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      Authorization: `Basic ${Buffer.from('gateway:a-secret-of-the-gateway').toString('base64')}`,
    },
    body: new URLSearchParams({ token: theirs }).toString(),
  });
  assert.equal(reply.status, 200);
  for (const byMs of [-60_000, 0]) {
    world.setClock(byMs);
    assert.deepEqual([await world.verdict(ours), await world.verdict(theirs)], [1506, 1506]);
  }
});
