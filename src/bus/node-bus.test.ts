/** Nodes over a network that loses, delays and reorders, on a database that does not; time is the test's. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MemoryNetwork } from '../../test/support/memory-network.ts';
import type { Audience, Delivery } from '../log/delivery.ts';
import type { MessageRef } from '../log/message-store.ts';
import type { NodeFilter, OutgoingMessage, OutgoingRef, OutgoingRow, StoredBody } from '../log/outgoing-store.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { newMsgData } from '../protocol/message.ts';
import { NodeBus } from './node-bus.ts';

test('M4: whatever the network does, every node gets every message that concerns it once, in order, within 5 s', async (t) => {
  for (const seed of [1, 2, 3, 4]) {
    const random = randomFrom(seed);
    const network = new MemoryNetwork({ random, loss: 0.2, maxDelayMs: 60 });
    await using cluster = new Cluster(t, network, ['A', 'B', 'C']);
    // What comes first in a log says nothing of what came before the one before it.
    network.lost = () => true;
    for (const log of logs) {
      const [first] = cluster.store('A', log);
      assert.ok(first);
      for (const { bus } of cluster.nodes) bus.deliver(first);
    }
    await cluster.pass(10);
    network.lost = () => false;
    for (let round = 0; round < 150; round += 1) {
      for (let count = Math.floor(random() * 4); count > 0; count -= 1) {
        cluster.send(pick(['A', 'B', 'C'], random), pick(logs, random));
      }
      await cluster.pass(20);
    }
    await cluster.pass(5000);
    for (const node of cluster.nodes) {
      for (const log of logs) {
        const expected = Array.from({ length: cluster.lastSeq(log) }, (_, index) => index + 1);
        assert.deepEqual(node.seqsOf(log), expected, `seed ${seed}, node ${node.nodeID}, ${log}`);
      }
    }
  }
});

test('the loss of the last publication shows by the pulse, and nothing else need happen in its log', async (t) => {
  const network = new MemoryNetwork();
  await using cluster = new Cluster(t, network, ['A', 'B']);
  await cluster.pass(2000);
  network.lost = (_from, _to, kind) => kind === 'delivery';
  cluster.send('A', 'sg_1');
  await cluster.pass(500);
  assert.deepEqual(cluster.node('B').seqsOf('sg_1'), []);
  await cluster.pass(1500);
  assert.deepEqual(cluster.node('B').seqsOf('sg_1'), [1]);
  assert.equal(cluster.node('B').repaired, 1);
});

test('what somebody else knows to be missing is found at once, and once', async (t) => {
  const network = new MemoryNetwork();
  await using cluster = new Cluster(t, network, ['A', 'B']);
  await cluster.pass(2000);
  network.lost = () => true;
  cluster.send('A', 'sg_1');
  const { bus } = cluster.node('B');
  for (let time = 0; time < 2; time += 1) {
    const found = bus.lookFor({ logID: 'sg_1', seq: 1 });
    await cluster.pass(10);
    await found;
    assert.deepEqual(cluster.node('B').seqsOf('sg_1'), [1]);
  }
});

test('what a node stores itself keeps its place, though another hears of the commit before it does', async (t) => {
  for (const isAnswered of [true, false]) {
    const network = new MemoryNetwork();
    await using cluster = new Cluster(t, network, ['A', 'B']);
    await cluster.pass(2000);
    cluster.send('A', 'sg_1');
    const [own] = cluster.store('B', 'sg_1');
    assert.ok(own);
    cluster.send('A', 'sg_1');
    await cluster.pass(500);
    assert.deepEqual(cluster.node('B').seqsOf('sg_1'), [1]);
    if (isAnswered) cluster.node('B').bus.deliver(own);
    await cluster.pass(isAnswered ? 50 : 1000);
    assert.deepEqual(cluster.node('B').seqsOf('sg_1'), [1, 2, 3]);
    assert.equal(cluster.node('B').repaired, isAnswered ? 0 : 1);
  }
});

test('of a log of which nothing was heard, three that come the last one first are put in order', async (t) => {
  await using cluster = new Cluster(t, new MemoryNetwork(), ['A', 'B']);
  await cluster.pass(10);
  const stored = Array.from({ length: 4 }, () => cluster.store('A', 'sg_1')).flat();
  for (const delivery of stored.slice(1).reverse()) {
    cluster.node('A').bus.deliver(delivery);
    await cluster.pass(20);
  }
  await cluster.pass(100);
  // The first, whose publication is lost, is read.
  assert.deepEqual(cluster.node('B').seqsOf('sg_1'), [1, 2, 3, 4]);
  assert.equal(cluster.node('B').repaired, 1);
});

test('what a node had committed when it died is delivered by those who are left, before its lease has ended', async (t) => {
  const network = new MemoryNetwork();
  await using cluster = new Cluster(t, network, ['A', 'B', 'C']);
  await cluster.pass(2000);
  cluster.store('A', 'sg_1');
  cluster.node('A').die();
  assert.deepEqual(cluster.node('B').bus.silent, []);
  await cluster.pass(4500);
  for (const nodeID of ['B', 'C']) assert.deepEqual(cluster.node(nodeID).seqsOf('sg_1'), [1]);
  assert.deepEqual(cluster.node('B').bus.silent, ['A']);
  network.bury('A');
  await cluster.pass(1000);
  assert.deepEqual(cluster.node('B').bus.silent, []);
  assert.deepEqual(cluster.node('B').seqsOf('sg_1'), [1], 'and not once more');
});

test('what had committed before a node began is pulled by who connects there, and not delivered', async (t) => {
  const network = new MemoryNetwork();
  await using cluster = new Cluster(t, network, ['A', 'B']);
  await cluster.pass(10);
  for (let count = 0; count < 3; count += 1) cluster.send('A', 'sg_1');
  cluster.node('A').die();
  await using later = new TestNode('C', network, cluster);
  await cluster.pass(3000);
  cluster.store('A', 'sg_1');
  await cluster.pass(4000);
  assert.deepEqual(later.seqsOf('sg_1'), [4]);
});

test('a node that hears nothing reads everything, and is heard of by what it has written', async (t) => {
  const network = new MemoryNetwork();
  await using cluster = new Cluster(t, network, ['A', 'B', 'C']);
  await cluster.pass(2000);
  network.cut('B', true);
  cluster.send('A', 'sg_1');
  cluster.send('B', 'sg_2');
  await cluster.pass(4500);
  for (const { nodeID, seqsOf } of cluster.nodes.map((node) => ({
    nodeID: node.nodeID,
    seqsOf: node.seqsOf.bind(node),
  }))) {
    assert.deepEqual([seqsOf('sg_1'), seqsOf('sg_2')], [[1], [1]], nodeID);
  }
  network.cut('B', false);
  network.lost = (from, to, kind) => from === 'A' && to === 'B' && kind === 'delivery';
  cluster.send('A', 'sg_1');
  await cluster.pass(3000);
  assert.deepEqual(cluster.node('B').seqsOf('sg_1'), [1, 2]);
});

test('what a node of a later version says that cannot be read is found in the database', async (t) => {
  const network = new MemoryNetwork();
  await using cluster = new Cluster(t, network, ['A', 'B']);
  await cluster.pass(2000);
  network.changed = (payload, from, kind) =>
    from === 'A' && kind === 'delivery'
      ? Buffer.from(payload.toString('latin1').replace('"v":1', '"v":2'), 'latin1')
      : payload;
  cluster.send('A', 'sg_1');
  cluster.send('B', 'sg_1');
  await cluster.pass(1500);
  for (const nodeID of ['A', 'B']) assert.deepEqual(cluster.node(nodeID).seqsOf('sg_1'), [1, 2], nodeID);
});

test('what could not be looked up is missed by number, and found', async (t) => {
  await using cluster = new Cluster(t, new MemoryNetwork(), ['A', 'B']);
  await cluster.pass(2000);
  cluster.isLost = true;
  cluster.send('A', 'sg_1');
  await cluster.pass(100);
  cluster.isLost = false;
  await cluster.pass(2000);
  assert.deepEqual(cluster.node('B').seqsOf('sg_1'), [1]);
});

test('what many logs lack at once is looked for together', async (t) => {
  const network = new MemoryNetwork();
  await using cluster = new Cluster(t, network, ['A', 'B']);
  await cluster.pass(2000);
  network.lost = (from) => from === 'A';
  const many = Array.from({ length: 30 }, (_, index) => `sg_${index}`);
  for (const log of many) cluster.send('A', log);
  for (const log of many) cluster.send('B', log);
  await cluster.pass(150);
  for (const log of many) assert.deepEqual(cluster.node('B').seqsOf(log), [1, 2]);
  assert.ok(cluster.searches <= 2, `${cluster.searches} searches`);
});

test('a conversation whose gap is not filled holds up no other, and none for ever', async (t) => {
  const network = new MemoryNetwork();
  await using cluster = new Cluster(t, network, ['A', 'B']);
  const sendTwoAndLoseOne = async () => {
    network.lost = (from) => from === 'A';
    cluster.send('A', 'sg_1');
    await cluster.pass(10);
    network.lost = () => false;
    cluster.send('A', 'sg_1');
  };
  cluster.isAway = true;
  await sendTwoAndLoseOne();
  cluster.send('A', 'sg_2');
  await cluster.pass(50);
  const b = cluster.node('B');
  assert.deepEqual([b.seqsOf('sg_1'), b.seqsOf('sg_2')], [[], [1]]);
  await cluster.pass(8000);
  assert.deepEqual(b.seqsOf('sg_1'), []);
  cluster.isAway = false;
  await cluster.pass(600);
  assert.deepEqual(b.seqsOf('sg_1'), [1, 2]);
  cluster.isAway = true;
  await sendTwoAndLoseOne();
  await cluster.pass(12_000);
  assert.deepEqual(b.seqsOf('sg_1'), [1, 2, 4]);
  cluster.isAway = false;
  await cluster.pass(3000);
  assert.deepEqual(b.seqsOf('sg_1'), [1, 2, 4, 3], 'late, but not lost');
});

test('a message that its sender repeats elsewhere is delivered, though the node that stored it could not', async (t) => {
  const network = new MemoryNetwork();
  await using cluster = new Cluster(t, network, ['A', 'B', 'C']);
  const [ref] = cluster.store('A', 'sg_1');
  assert.ok(ref);
  cluster.node('B').bus.deliverAgain(ref);
  await cluster.pass(50);
  for (const nodeID of ['B', 'C']) assert.deepEqual(cluster.node(nodeID).seqsOf('sg_1'), [1]);
  cluster.node('C').bus.deliverAgain(ref);
  assert.equal(cluster.node('C').seqsOf('sg_1').length, 1);
});

test('1.4: notices come before what the chat shows of them, though that is found first, or they are held', async (t) => {
  const network = new MemoryNetwork();
  await using cluster = new Cluster(t, network, ['A', 'B']);
  await cluster.pass(10);
  const b = cluster.node('B');
  const shown = { followsNotices: true } as const;
  const publish = (...deliveries: readonly Delivery[]) => {
    for (const delivery of deliveries) cluster.node('A').bus.deliver(delivery);
  };

  // Whoever made the group has not stored the notices yet when a node that comes to hold it reads what there is.
  cluster.store('A', 'sg_1', group, shown);
  cluster.noticesUnderWay = [7];
  const read = b.bus.readLogs(['sg_1', 'n_1'], Promise.resolve());
  await cluster.pass(100);
  assert.deepEqual(b.received, []);
  cluster.store('A', 'n_1');
  cluster.noticesUnderWay = [8];
  await cluster.pass(300);
  await read;
  assert.deepEqual(b.received, ['n_1 1', 'sg_1 1']);

  // A notice that came before the node could be found is read, what was shown of it is sent.
  cluster.noticesUnderWay = [];
  const found = Promise.withResolvers<void>();
  const reading = b.bus.readLogs(['sg_2', 'n_2'], found.promise);
  cluster.store('A', 'n_2');
  publish(...cluster.store('A', 'sg_2', group, shown));
  await cluster.pass(50);
  assert.deepEqual(b.received.slice(2), []);
  found.resolve();
  await cluster.pass(10);
  await reading;
  assert.deepEqual(b.received.slice(2), ['n_2 1', 'sg_2 1']);

  // What lies before the notice is waited for.
  cluster.isAway = true;
  cluster.store('A', 'n_3');
  publish(...cluster.store('A', 'n_3'), ...cluster.store('A', 'sg_3', group, shown));
  await cluster.pass(200);
  assert.deepEqual(b.received.slice(4), []);
  cluster.isAway = false;
  await cluster.pass(600);
  assert.deepEqual(b.received.slice(4), ['n_3 1', 'n_3 2', 'sg_3 1']);
});

test('what comes of a log while what lay before is read comes after it, but does not wait for long', async (t) => {
  await using cluster = new Cluster(t, new MemoryNetwork(), ['A', 'B']);
  await cluster.pass(10);
  const b = cluster.node('B');
  const found = Promise.withResolvers<void>();
  for (let seq = 1; seq <= 3; seq += 1) cluster.store('A', 'sg_1');
  const reading = b.bus.readLogs(['sg_1'], found.promise);
  // The one before it has come, too, so that nothing seems to lack.
  for (let seq = 4; seq <= 5; seq += 1) cluster.send('A', 'sg_1');
  cluster.send('A', 'sg_2');
  await cluster.pass(150);
  assert.deepEqual(b.received, ['sg_2 1']);
  found.resolve();
  await cluster.pass(10);
  await reading;
  assert.deepEqual(
    b.received.slice(1),
    [1, 2, 3, 4, 5].map((seq) => `sg_1 ${seq}`),
  );

  const stuck = Promise.withResolvers<void>();
  const stuckReading = b.bus.readLogs(['sg_3'], stuck.promise);
  cluster.send('A', 'sg_3');
  await cluster.pass(1100);
  cluster.send('A', 'sg_3');
  await cluster.pass(10);
  assert.deepEqual(b.received.slice(6), ['sg_3 1', 'sg_3 2']);
  stuck.resolve();
  await stuckReading;
});

test('a publication goes to the nodes that it concerns, with those of its audience who are there', async (t) => {
  await using cluster = new Cluster(t, new MemoryNetwork(), ['A', 'B', 'C']);
  cluster.onlineAt = { ann: ['A', 'B'], bob: ['B'], cid: ['C'] };
  cluster.send('A', 'si_ann_bob', { users: ['ann', 'bob', 'nobody'] });
  await cluster.pass(50);
  assert.deepEqual(cluster.node('B').audiences, [{ users: ['ann', 'bob'] }]);
  assert.deepEqual(cluster.node('C').audiences, []);
  assert.equal(cluster.published, 1);
});

const group: Audience = { group: 'g' };
const logs = ['sg_0', 'sg_1', 'sg_2'];

function pick<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)];
  assert.ok(item !== undefined);
  return item;
}

/** A database of messages and rows, and the nodes on it. */
class Cluster implements AsyncDisposable {
  readonly nodes: readonly TestNode[];
  readonly messages: (Delivery & { readonly row: OutgoingRow; readonly at: number })[] = [];
  onlineAt: Readonly<Record<string, readonly string[]>> = {};
  published = 0;
  /** Readings of the database for what lacks in logs. */
  searches = 0;
  noticesUnderWay: readonly number[] = [];
  /** The database does not answer. */
  isAway = false;
  /** Nor does what says who is where. */
  isLost = false;
  readonly #t: TestContext;

  constructor(t: TestContext, network: MemoryNetwork, nodeIDs: readonly string[]) {
    this.#t = t;
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
    this.nodes = nodeIDs.map((nodeID) => new TestNode(nodeID, network, this));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { bus } of this.nodes) await bus[Symbol.asyncDispose]();
    this.#t.mock.timers.reset();
  }

  node(nodeID: string): TestNode {
    const node = this.nodes.find((candidate) => candidate.nodeID === nodeID);
    assert.ok(node);
    return node;
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      for (let turn = 0; turn < 4; turn += 1) await nextTurn();
      this.#t.mock.timers.tick(10);
    }
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
  }

  lastSeq(logID: string): number {
    return this.messages.filter((message) => message.logID === logID).length;
  }

  /** Commits, and tells nobody. */
  store(
    nodeID: string,
    logID: string,
    audience: Audience = group,
    { followsNotices }: Pick<Delivery, 'followsNotices'> = {},
  ): Delivery[] {
    const seq = this.lastSeq(logID) + 1;
    const before = this.messages.findLast((message) => message.logID === logID);
    const groupID = logID.slice(logID.indexOf('_') + 1);
    const options = new Map([['isNotNotification', !logID.startsWith('n_')]]);
    const body = Buffer.from(MsgData.encode(newMsgData({ seq, groupID, sessionType: 3, options })).finish());
    const followsMs = before && Date.now() - before.at;
    const entry: OutgoingMessage = { logID, seq, operationID: 'op', audience, followsMs, followsNotices };
    const id = this.messages.length + 1;
    const row = { node: nodeID, id, transaction: id, messages: [entry], words: [] };
    const message = {
      ...entry,
      conversationID: logID,
      body,
      row,
      at: Date.now(),
    };
    this.messages.push(message);
    return [message];
  }

  send(nodeID: string, logID: string, audience?: Audience): void {
    for (const delivery of this.store(nodeID, logID, audience)) this.node(nodeID).bus.deliver(delivery);
  }

  async rows(filter: (row: OutgoingRow) => boolean): Promise<readonly OutgoingRow[]> {
    await nextTurn();
    if (this.isAway) throw new Error('the database is away');
    return this.messages.map(({ row }) => row).filter(filter);
  }
}

class TestNode implements AsyncDisposable {
  readonly nodeID: string;
  readonly bus: NodeBus;
  readonly audiences: Audience[] = [];
  readonly #received: MessageRef[] = [];
  repaired = 0;

  constructor(nodeID: string, network: MemoryNetwork, cluster: Cluster) {
    this.nodeID = nodeID;
    this.bus = new NodeBus({
      channel: network.join(nodeID),
      whereabouts: {
        find: async (userIDs) => {
          await nextTurn();
          if (cluster.isLost) throw new Error('Redis is away');
          const all = cluster.nodes.map((node) => node.nodeID);
          return {
            ofUsers: new Map(Array.from(userIDs, (userID) => [userID, cluster.onlineAt[userID] ?? []])),
            ofGroups: new Map([['g', all]]),
          };
        },
      },
      store: {
        refs: (filter: NodeFilter): Promise<readonly OutgoingRef[]> =>
          cluster.rows(({ node }) =>
            node === nodeID ? false : 'only' in filter ? filter.only.includes(node) : !filter.except.includes(node),
          ),
        rows: (refs) => cluster.rows((row) => refs.some(({ node, id }) => row.node === node && row.id === id)),
        about: (logIDs) => cluster.rows((row) => row.messages.some(({ logID }) => logIDs.includes(logID))),
        holding: (refs) => {
          cluster.searches += 1;
          return cluster.rows(({ messages }) =>
            messages.some(({ logID, seq }) => refs.some((ref) => ref.logID === logID && ref.seq === seq)),
          );
        },
        bodies: async (refs): Promise<readonly StoredBody[]> =>
          cluster.messages.filter((message) =>
            refs.some(({ logID, seq }) => message.logID === logID && message.seq === seq),
          ),
        noticesUnderWay: async () => cluster.noticesUnderWay,
        committed: async () => {
          const last = cluster.messages.length;
          return { has: (transaction) => transaction <= last };
        },
        trim: async () => {},
      },
      now: Date.now,
      monotonicMs: Date.now,
      observer: {
        published: (count) => {
          cluster.published += count;
        },
        arrived: () => {},
        repaired: (count) => {
          this.repaired += count;
        },
        unreadable: () => {},
        failed: () => {},
      },
    });
    this.bus.onDelivery({
      concerns: () => true,
      deliver: ({ audience, logID, seq }) => {
        this.audiences.push(audience);
        this.#received.push({ logID, seq });
      },
    });
    void this.bus.start();
  }

  get received(): string[] {
    return this.#received.map(({ logID, seq }) => `${logID} ${seq}`);
  }

  seqsOf(log: string): number[] {
    return this.#received.flatMap(({ logID, seq }) => (logID === log ? [seq] : []));
  }

  die(): void {
    void this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bus[Symbol.asyncDispose]();
  }
}

/** The same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
