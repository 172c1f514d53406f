/** Who gets a message: users, or those of a group who are online, as of the moment in which it is delivered. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { GroupMemberships, MembershipChange } from '../../src/gateway/group-index.ts';
import type { Audience } from '../../src/log/delivery.ts';
import type { Committed } from '../../src/log/outgoing-store.ts';
import type { SocketClient } from '../support/socket-client.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { within } from '../support/within.ts';

/** Groups as the test has them. */
class Groups implements GroupMemberships {
  readonly groupsOf: Record<string, string[]> = {};
  gate: Promise<unknown> = Promise.resolve();
  change: (change: MembershipChange) => void = () => {};

  async groupIDsOf(userID: string): Promise<readonly string[]> {
    await this.gate;
    return this.groupsOf[userID] ?? [];
  }

  onChange(listener: (change: MembershipChange) => void): () => void {
    this.change = listener;
    return () => {};
  }
}

interface Scene {
  readonly gateway: TestGateway;
  readonly groups: Groups;
  readonly clients: Record<string, SocketClient>;
  /** Who gets a message to this audience. */
  reached(audience: Audience): Promise<string[]>;
}

/** Alice, Bob and Carol are online; the first two are in the group. */
async function open(t: TestContext): Promise<Scene> {
  const groups = new Groups();
  Object.assign(groups.groupsOf, { alice: ['g'], bob: ['g', 'h'] });
  const gateway = await startTestGateway(t, { memberships: groups, handlers: { 1001: async () => null } });
  const clients: Record<string, SocketClient> = {};
  for (const userID of ['alice', 'bob', 'carol']) {
    clients[userID] = await gateway.connect(userID);
    await clients[userID].request(1001);
  }
  const reached = async (audience: Audience) => {
    gateway.deliver({ audience, operationID: 'of another' });
    const names = [];
    for (const [userID, client] of Object.entries(clients)) {
      await client.roundTrip();
      assert.ok(client.pending.length <= 1, 'once each');
      if (client.pending.length === 1) names.push((await client.next()) && userID);
    }
    return names;
  };
  return { gateway, groups, clients, reached };
}

test('M4: users get it, once each however often they are named', async (t) => {
  const { reached } = await open(t);
  assert.deepEqual(await reached({ users: ['carol', 'alice', 'carol', 'nobody'] }), ['alice', 'carol']);
});

test('M4: a group is its members; some more, and some not', async (t) => {
  const { reached } = await open(t);
  assert.deepEqual(await reached({ group: 'g' }), ['alice', 'bob']);
  assert.deepEqual(await reached({ group: 'g', plus: ['carol', 'alice'] }), ['alice', 'bob', 'carol']);
  assert.deepEqual(await reached({ group: 'g', plus: ['carol'], except: ['bob', 'carol'] }), ['alice']);
  assert.deepEqual(await reached({ group: 'none', plus: ['carol'] }), ['carol']);
});

test('M5: who has left gets nothing more, who has joined gets what comes then', async (t) => {
  const { groups, reached } = await open(t);
  groups.change({ kind: 'left', userID: 'bob', groupID: 'g' });
  groups.change({ kind: 'joined', userID: 'carol', groupID: 'g' });
  assert.deepEqual(await reached({ group: 'g' }), ['alice', 'carol']);
  assert.deepEqual(await reached({ group: 'g', plus: ['bob'] }), ['alice', 'bob', 'carol']);
});

test('the notice of a dismissal reaches all, and afterwards the group is nobody', async (t) => {
  const { reached } = await open(t);
  assert.deepEqual(await reached({ group: 'g', isLast: true }), ['alice', 'bob']);
  assert.deepEqual(await reached({ group: 'g' }), []);
  assert.deepEqual(await reached({ group: 'h' }), ['bob']);
});

test('every socket of a member gets it, and who is offline is in no index', async (t) => {
  const { gateway, clients, reached } = await open(t);
  clients.tablet = await gateway.connect('bob', { query: { platformID: '8' } });
  assert.deepEqual(await reached({ group: 'h' }), ['bob', 'tablet']);
  for (const name of ['bob', 'tablet']) await clients[name]!.close();
  delete clients.bob;
  delete clients.tablet;
  assert.deepEqual(await reached({ group: 'h' }), []);
});

test('M4: a client is not read before its groups are known, so that a pull and pushes leave no gap', async (t) => {
  const { gateway, groups } = await open(t);
  const gate = Promise.withResolvers<void>();
  groups.gate = gate.promise;
  groups.groupsOf.dave = ['g'];
  const dave = await gateway.connect('dave');
  dave.send(1001);
  await gateway.connect('erin').then(() => new Promise(setImmediate));
  assert.equal(dave.pending.length, 0);
  gate.resolve();
  assert.equal((await dave.nextReply()).errCode, 0);
  gateway.deliver({ audience: { group: 'g' }, operationID: 'of another' });
  assert.equal((await dave.nextReply()).reqIdentifier, 2001);
});

test('M4: what was found in the database is pushed to those only who cannot pull it, from the first moment', async (t) => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Committed>();
  const committed = () => {
    asked.resolve();
    return answer.promise;
  };
  const gateway = await startTestGateway(t, { handlers: { 1001: async () => null }, committed });
  const client = await gateway.connect('alice');
  client.send(1001);
  await within('the gateway to ask', asked.promise);
  gateway.deliver({ userIDs: ['alice'], storedBy: 6, operationID: 'while it asks' });
  answer.resolve({ has: (transaction) => transaction < 6 });
  assert.equal((await client.nextReply()).reqIdentifier, 1001);
  gateway.deliver({ userIDs: ['alice'], storedBy: 5, operationID: 'committed before' });
  gateway.deliver({ userIDs: ['alice'], storedBy: 6, operationID: 'committed since' });
  assert.equal((await client.nextReply()).operationID, 'committed since');
  assert.deepEqual(client.pending, []);
});

test('a user whose groups cannot be known is not left without their messages: the socket ends', async (t) => {
  const { gateway, groups } = await open(t);
  groups.gate = Promise.reject(new Error('the store is away'));
  groups.gate.catch(() => {});
  const dave = await gateway.connect('dave');
  assert.equal((await dave.closed).code, 1011);
});
