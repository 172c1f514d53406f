/** The index on one of several nodes: news of members and messages come from several, in any order, late or never. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GroupIndex, type MemberChanges, type MembershipChange, type SharedGroups } from './group-index.ts';

const versionID = 'log';
const asOf = (version: number) => ({ versionID, version });

/** A database that says what the test has written, and a registry of groups. */
class Node implements SharedGroups {
  readonly index: GroupIndex;
  joined: Record<string, { readonly userVersion: number; readonly groups: Record<string, number> }> = {};
  log: MemberChanges | undefined = { version: asOf(1), changes: [] };
  readonly calls: string[] = [];
  isAway = false;
  timeMs = 0;
  #listener: (change: MembershipChange) => void = () => {};

  constructor() {
    this.index = new GroupIndex({
      memberships: {
        groupIDsOf: async () => [],
        onChange: (listener) => {
          this.#listener = listener;
          return () => {};
        },
      },
      shared: this,
    });
  }

  async joinedBy(userID: string) {
    const { userVersion, groups } = this.joined[userID] ?? { userVersion: 1, groups: {} };
    return {
      userVersion,
      groups: new Map(Object.entries(groups).map(([groupID, version]) => [groupID, asOf(version)])),
    };
  }

  async changesSince(groupID: string, since: { version: number }) {
    if (this.isAway) throw new Error('the database is away');
    this.calls.push(`changes of ${groupID} since ${since.version}`);
    return this.log;
  }

  async hold(groupIDs: readonly string[]) {
    for (const groupID of groupIDs) this.calls.push(`hold ${groupID}`);
  }

  release(groupID: string): void {
    this.calls.push(`release ${groupID}`);
  }

  async readGroup(groupID: string, isFound: Promise<void>) {
    await isFound;
    this.calls.push(`read ${groupID}`);
  }

  onFailure(): void {
    this.isAway = false;
  }

  monotonicMs(): number {
    return this.timeMs;
  }

  /** News of a change: which it is of the group's members, and of the user's groups. */
  hear(kind: MembershipChange['kind'], userID: string, version: number, userVersion: number): void {
    this.#listener({ kind, userID, groupID: 'g', step: { asOf: asOf(version), userVersion } });
  }

  members(version?: number): string[] {
    return [...this.index.membersOf('g', version === undefined ? undefined : asOf(version))].sort();
  }
}

/** With users who are in the group, each since a version. */
async function nodeWith(members: Readonly<Record<string, number>>): Promise<Node> {
  const node = new Node();
  for (const [userID, version] of Object.entries(members)) {
    node.joined[userID] = { userVersion: 5, groups: { g: version } };
    await node.index.enter(userID);
  }
  node.calls.length = 0;
  return node;
}

test('a login tells the others of its groups before its first frame is read, and a logout that nobody is left', async () => {
  const node = new Node();
  node.joined.alice = { userVersion: 5, groups: { g: 3, h: 1 } };
  const found = Promise.withResolvers<void>();
  const ready = node.index.enter('alice', found.promise);
  assert.deepEqual([node.calls, node.members()], [[], []]);
  found.resolve();
  await ready;
  assert.deepEqual(node.calls, ['hold g', 'hold h']);
  assert.deepEqual(node.members(), ['alice']);
  node.index.leave('alice');
  assert.deepEqual(node.calls.slice(2), ['release g', 'release h']);
});

test('who is behind asks for what has changed before it says who gets a message', async () => {
  const node = await nodeWith({ alice: 3, bob: 3 });
  await node.index.enter('cid');
  node.log = {
    version: asOf(6),
    changes: [
      { kind: 'joined', userID: 'cid', version: 4 },
      { kind: 'left', userID: 'bob', version: 6 },
      { kind: 'joined', userID: 'elsewhere', version: 5 },
    ],
  };
  assert.equal(node.index.catchUp('g', asOf(3)), undefined);
  const caughtUp = node.index.catchUp('g', asOf(5));
  assert.equal(node.index.catchUp('g', asOf(6)), caughtUp, 'once for all that wait');
  await caughtUp;
  assert.deepEqual(node.calls, ['changes of g since 3']);
  assert.deepEqual(node.members(), ['alice', 'cid']);
  assert.equal(node.index.catchUp('g', asOf(6)), undefined);
});

test('M5 a message goes to those who were in the group when it was stored, whatever has been heard of since', async () => {
  const node = await nodeWith({ alice: 3, bob: 3 });
  await node.index.enter('cid');
  node.hear('joined', 'cid', 4, 2);
  node.hear('left', 'bob', 5, 6);
  assert.deepEqual(node.members(3), ['alice', 'bob']);
  assert.deepEqual(node.members(4), ['alice', 'bob', 'cid']);
  assert.deepEqual(node.members(5), ['alice', 'cid']);
  node.hear('left', 'alice', 6, 6);
  node.hear('left', 'cid', 7, 3);
  assert.deepEqual([node.members(4), node.members(7)], [['alice', 'bob', 'cid'], []]);
  assert.equal(node.index.concerns('g'), true, 'what is on its way may still be for somebody');
  node.timeMs = 120_000;
  assert.equal(node.index.concerns('g'), false);
});

test('news of one member that come in the wrong order end with the last one', async () => {
  const node = await nodeWith({ alice: 3, bob: 3 });
  node.hear('joined', 'bob', 5, 7);
  node.hear('left', 'bob', 4, 6);
  assert.deepEqual(node.members(), ['alice', 'bob']);
  node.hear('left', 'bob', 6, 8);
  node.hear('left', 'alice', 2, 5);
  assert.deepEqual(node.members(), ['alice'], 'and what is older than the login is known already');
});

test('news that come while the groups are asked for hold if they are newer than the answer', async () => {
  const node = new Node();
  node.joined.alice = { userVersion: 6, groups: { g: 4 } };
  const ready = node.index.enter('alice');
  node.hear('left', 'alice', 3, 5);
  await ready;
  assert.deepEqual(node.members(), ['alice']);
  node.index.leave('alice');
  const again = node.index.enter('alice');
  node.hear('left', 'alice', 5, 7);
  node.hear('left', 'alice', 3, 5);
  await again;
  assert.deepEqual(node.members(), []);
});

test('the first member here of a group who joins while online finds what was sent before the others knew', async () => {
  const node = await nodeWith({});
  await node.index.enter('alice');
  node.hear('joined', 'alice', 70, 2);
  await new Promise(setImmediate);
  assert.deepEqual(node.calls, ['hold g', 'read g']);
  // Others here may have joined before, of whom no news have come yet.
  node.log = { version: asOf(70), changes: [] };
  await node.index.catchUp('g', asOf(70));
  assert.deepEqual(node.calls.slice(2), ['changes of g since 20']);
});

test('a database that does not answer is asked again, and a message waits for it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const node = await nodeWith({ alice: 3 });
  node.isAway = true;
  node.log = { version: asOf(4), changes: [{ kind: 'left', userID: 'alice', version: 4 }] };
  const caughtUp = node.index.catchUp('g', asOf(4));
  while (node.isAway) await new Promise(setImmediate);
  await new Promise(setImmediate);
  t.mock.timers.tick(500);
  await caughtUp;
  assert.deepEqual(node.members(), []);
});

test('a group that was dismissed keeps its members until its last message', async () => {
  const node = await nodeWith({ alice: 3 });
  node.log = undefined;
  assert.equal(node.index.catchUp('g', { versionID: 'another', version: 1 }), undefined);
  assert.deepEqual([...node.index.membersOf('g', { versionID: 'another', version: 1 })], ['alice']);
  node.index.forget('g');
  assert.deepEqual([node.members(), node.calls], [[], ['release g']]);
});
