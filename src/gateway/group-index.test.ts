/** Who of a group is online here, kept by logins, joins and leaves in whatever order they come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GroupIndex, type GroupMemberships, type MembershipChange } from './group-index.ts';

/** Groups whose lists are given out when the test says so. */
class Memberships implements GroupMemberships {
  readonly #asked: PromiseWithResolvers<readonly string[]>[] = [];
  #listener: (change: MembershipChange) => void = () => {};
  readonly index = new GroupIndex({ memberships: this });

  get askedTimes(): number {
    return this.#asked.length;
  }

  /** What is to be said to the nth question. */
  question(index: number): PromiseWithResolvers<readonly string[]> {
    const question = this.#asked[index];
    assert.ok(question);
    return question;
  }

  groupIDsOf(): Promise<readonly string[]> {
    const answer = Promise.withResolvers<readonly string[]>();
    this.#asked.push(answer);
    return answer.promise;
  }

  onChange(listener: (change: MembershipChange) => void): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = () => {};
    };
  }

  change(kind: MembershipChange['kind'], userID: string, groupID: string): void {
    this.#listener({ kind, userID, groupID });
  }

  async enter(userID: string, groupIDs: readonly string[]): Promise<void> {
    const ready = this.index.enter(userID);
    this.question(this.#asked.length - 1).resolve(groupIDs);
    await ready;
  }

  members(groupID: string): string[] {
    return [...this.index.membersOf(groupID)].sort();
  }
}

test('a user is in its groups from login to logout, and is asked for once however many sockets open', async () => {
  const groups = new Memberships();
  const first = groups.index.enter('alice');
  assert.equal(groups.index.enter('alice'), first);
  assert.equal(groups.askedTimes, 1);
  groups.question(0).resolve(['g', 'h']);
  await first;
  assert.equal(groups.index.enter('alice'), undefined);
  await groups.enter('bob', ['g']);
  assert.deepEqual([groups.members('g'), groups.members('h')], [['alice', 'bob'], ['alice']]);
  groups.index.leave('alice');
  assert.deepEqual([groups.members('g'), groups.members('h')], [['bob'], []]);
});

test('joins and leaves of those who are online count at once; others are not kept', async () => {
  const groups = new Memberships();
  await groups.enter('alice', ['g']);
  groups.change('joined', 'alice', 'h');
  groups.change('left', 'alice', 'g');
  groups.change('joined', 'offline', 'h');
  assert.deepEqual([groups.members('g'), groups.members('h')], [[], ['alice']]);
});

test('what changes while the list is asked for counts, whether the list has it or not', async () => {
  const groups = new Memberships();
  const ready = groups.index.enter('alice');
  groups.change('left', 'alice', 'left');
  groups.change('joined', 'alice', 'joined');
  groups.change('joined', 'alice', 'both');
  groups.change('left', 'alice', 'both');
  groups.question(0).resolve(['left', 'both', 'g']);
  await ready;
  const members = ['left', 'joined', 'both', 'g'].map((groupID) => groups.members(groupID));
  assert.deepEqual(members, [[], ['alice'], [], ['alice']]);
});

test('a list that comes after its user has gone, or gone and come back, is not used', async () => {
  const groups = new Memberships();
  const before = groups.index.enter('alice');
  groups.index.leave('alice');
  const after = groups.index.enter('alice');
  groups.question(0).resolve(['old']);
  await before;
  groups.question(1).resolve(['new']);
  await after;
  assert.deepEqual([groups.members('old'), groups.members('new')], [[], ['alice']]);
});

test('a list that cannot be had rejects and leaves nothing; the next login asks again', async () => {
  const groups = new Memberships();
  const ready = groups.index.enter('alice');
  groups.change('joined', 'alice', 'g');
  groups.question(0).reject(new Error('away'));
  await assert.rejects(async () => ready, /away/);
  assert.deepEqual(groups.members('g'), []);
  await groups.enter('alice', ['g']);
  assert.deepEqual(groups.members('g'), ['alice']);
});

test('nobody is in a group that is forgotten, and its members stay in their others', async () => {
  const groups = new Memberships();
  await groups.enter('alice', ['g', 'h']);
  groups.index.forget('g');
  assert.deepEqual([groups.members('g'), groups.members('h')], [[], ['alice']]);
  groups.index.leave('alice');
  assert.deepEqual(groups.members('h'), []);
});
