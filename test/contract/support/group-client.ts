/**
 * What a client knows of its groups and their members, kept up to date as the SDKs do it (relations-groups chapter, 11): by
 * what has changed, and by full lists where it is told to.
 */
import assert from 'node:assert/strict';
import { type Group, type GroupMember, toMemberInfo } from '../../../src/groups/group.ts';
import type { MemberChanges } from '../../../src/groups/group-sync.ts';
import type { GroupMemberInfo } from '../../../src/protocol/relation-objects.ts';
import { idHash } from '../../../src/sync/id-hash.ts';
import type { VersionHead } from '../../../src/sync/version-log-store.ts';
import { callBy, type GroupDomain } from './group-domain.ts';

const nothing: VersionHead = { version: 0, versionID: '' };

interface KnownGroup {
  head: VersionHead;
  readonly members: Map<string, GroupMemberInfo>;
}

export class GroupClient {
  readonly #userID: string;
  readonly #keepsWhatIsLeft: boolean;
  #head = nothing;
  readonly #groups = new Map<string, Group>();
  readonly #known = new Map<string, KnownGroup>();
  /** How often it was told everything, and how often what has changed. */
  readonly told = { full: 0, deltas: 0 };

  /**
   * @param keepsWhatIsLeft asks about groups that the user has left, too, and goes on from what it knows when the user is
   * back, as the pure-JS SDK does; the Go core forgets them
   */
  constructor(userID: string, keepsWhatIsLeft: boolean) {
    this.#userID = userID;
    this.#keepsWhatIsLeft = keepsWhatIsLeft;
  }

  async sync(domain: GroupDomain): Promise<void> {
    await this.#syncJoined(domain);
    let asked = [...(this.#keepsWhatIsLeft ? this.#known : this.#groups).keys()];
    for (const groupID of this.#groups.keys()) if (!asked.includes(groupID)) asked = [...asked, groupID];
    while (asked.length > 0) {
      const heads = asked.map((groupID) => ({ groupID, ...(this.#known.get(groupID)?.head ?? nothing) }));
      const told = await domain.sync.membersOfManySince(callBy(this.#userID), heads);
      for (const [groupID, changes] of told) await this.#apply(domain, groupID, changes);
      if (told.size === 0) break;
      asked = asked.filter((groupID) => !told.has(groupID));
    }
  }

  /** What it knows is what a client that begins anew would read, in the same order, with the same hashes. */
  async check(domain: GroupDomain, hint: string): Promise<void> {
    const call = callBy(this.#userID);
    const groups = [...this.#groups.values()].toSorted(byNameAndAge);
    const joined = await domain.queries.joined(call, this.#userID, { pageNumber: 1, showNumber: 1000 });
    assert.deepEqual(groups, joined.groups, hint);
    const hash = idHash(groups.map(({ groupID }) => groupID));
    assert.equal((await domain.sync.joinedIDs(call, this.#userID, hash)).isEqual, true, hint);
    for (const { groupID, memberCount } of groups) {
      const members = [...(this.#known.get(groupID)?.members.values() ?? [])].toSorted(byRoleAndAge);
      assert.deepEqual(members, await readMembers(domain, this.#userID, groupID), `${groupID}, ${hint}`);
      assert.equal(members.length, memberCount);
      const membersHash = idHash(members.map(({ userID }) => userID));
      assert.equal(
        (await domain.sync.memberIDsUnless(call, groupID, membersHash)).isEqual,
        true,
        `${groupID}, ${hint}`,
      );
    }
  }

  async #syncJoined({ sync, queries }: GroupDomain): Promise<void> {
    const call = callBy(this.#userID);
    const { full, inserted, updated, deleted, ...head } = await sync.joinedSince(call, this.#userID, this.#head);
    this.#head = { version: head.version, versionID: head.versionID };
    if (full) {
      this.#groups.clear();
      const { groups } = await queries.joined(call, this.#userID, { pageNumber: 1, showNumber: 1000 });
      for (const group of groups) this.#groups.set(group.groupID, group);
    }
    for (const groupID of deleted) {
      this.#groups.delete(groupID);
      if (!this.#keepsWhatIsLeft) this.#known.delete(groupID);
    }
    for (const group of [...inserted, ...updated]) this.#groups.set(group.groupID, group);
  }

  async #apply(domain: GroupDomain, groupID: string, changes: MemberChanges): Promise<void> {
    const { full, inserted, updated, deleted, group, version, versionID } = changes;
    this.told[full ? 'full' : 'deltas'] += 1;
    const known = this.#known.get(groupID) ?? { head: nothing, members: new Map() };
    this.#known.set(groupID, known);
    if (full) {
      known.members.clear();
      for (const member of await readMembers(domain, this.#userID, groupID)) known.members.set(member.userID, member);
    }
    for (const userID of deleted) known.members.delete(userID);
    for (const member of [...inserted, ...updated]) known.members.set(member.userID, toMemberInfo(member));
    // Only of groups that it lists: it may have left the group since.
    if (group !== null && this.#groups.has(groupID)) this.#groups.set(groupID, group);
    known.head = { version, versionID };
  }
}

/** None if the user is not in the group, or not any more. */
async function readMembers({ queries }: GroupDomain, userID: string, groupID: string): Promise<GroupMemberInfo[]> {
  const asked = { groupID, filter: 0, keyword: '', pagination: { pageNumber: 1, showNumber: 1000 } };
  const nobody: { members: readonly GroupMember[] } = { members: [] };
  const { members } = await queries.memberPage(callBy(userID), asked).catch(() => nobody);
  return members.map(toMemberInfo);
}

function byNameAndAge(a: Group, b: Group): number {
  return (
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) || a.createdAt - b.createdAt || order(a.groupID, b.groupID)
  );
}

function byRoleAndAge(a: GroupMemberInfo, b: GroupMemberInfo): number {
  return b.roleLevel - a.roleLevel || a.joinTime - b.joinTime || order(a.userID, b.userID);
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
