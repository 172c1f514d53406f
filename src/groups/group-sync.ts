/**
 * How clients keep their groups and the members of these up to date: what has changed since a version, and full lists of
 * IDs (relations-groups chapter, 10.3 to 10.5). A version is always read before what it stands for: a change in between
 * is then told now and again, and never left out.
 */
import type { AnswerBudget } from '../kernel/answer-budget.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { giveWay } from '../kernel/time-slices.ts';
import { errors } from '../protocol/errors.ts';
import { idHash } from '../sync/id-hash.ts';
import type { ItemChanges, SyncReply, VersionLog } from '../sync/version-log.ts';
import type { VersionHead } from '../sync/version-log-store.ts';
import { type Group, type GroupMember, isDismissed } from './group.ts';
import { type AnswerLimits, newAnswerBudget } from './group-answers.ts';
import type { GroupMemberStore } from './group-member-store.ts';
import type { GroupStore } from './group-store.ts';
import type { HashedIDs, MemberIDs } from './member-ids.ts';
import { requireMemberOf } from './reading-rights.ts';

export interface GroupSyncOptions {
  readonly groups: Pick<GroupStore, 'find' | 'findMany' | 'idsJoinedBy'>;
  readonly members: Pick<GroupMemberStore, 'find' | 'findInGroups' | 'rolesOf'>;
  readonly memberIDs: Pick<MemberIDs, 'of'>;
  readonly versionLog: Pick<VersionLog, 'head' | 'changesSince' | 'changesOfMany'>;
  readonly limits: AnswerLimits;
}

/** What has changed of a group's members. */
export interface MemberChanges extends SyncReply<GroupMember> {
  /** The group itself, if it or its members have changed. */
  readonly group: Group | null;
}

/** A full list of IDs, with the head to keep with it. */
export interface FullIDs extends VersionHead {
  /** The client has them all: none are listed. */
  readonly isEqual: boolean;
  readonly ids: readonly string[];
}

export class GroupSync {
  readonly #options: GroupSyncOptions;

  constructor(options: GroupSyncOptions) {
    this.#options = options;
  }

  /** What has changed of the groups that a user is in. @throws 1002 */
  async joinedSince(call: CallContext, userID: string, since: VersionHead): Promise<SyncReply<Group>> {
    requireAccess(call, userID);
    const { groups, versionLog, limits } = this.#options;
    const changes = await versionLog.changesSince('joined_groups', userID, since);
    const budget = newAnswerBudget(limits);
    const found = new Map<string, Group>();
    for (const piece of piecesOf([...changes.inserted, ...changes.updated])) {
      // One that is dismissed by now is no group of the user's: the next version says so.
      for (const group of await groups.findMany(piece)) if (!isDismissed(group)) found.set(group.groupID, group);
    }
    for (const group of found.values()) if (!budget.takes(group)) return { ...changes, ...everythingAnew };
    return { ...changes, inserted: pick(found, changes.inserted), updated: pick(found, changes.updated) };
  }

  /**
   * The IDs of all groups that a user is in, by name. Their order is not of the log, so that nothing is kept of it.
   * @throws 1001, 1002
   */
  async joinedIDs(call: CallContext, userID: string, knownHash: bigint): Promise<FullIDs> {
    if (userID === '') throw errors.args('userID is empty');
    requireAccess(call, userID);
    const head = await this.#options.versionLog.head('joined_groups', userID);
    const ids = await this.#options.groups.idsJoinedBy(userID);
    return unless(knownHash, head, { ids, hash: idHash(ids) });
  }

  /**
   * What has changed of a group's members, and of the group.
   * @throws 1002 the caller is not in the group, 1004 no such group, 1204 dismissed
   */
  async membersSince(call: CallContext, groupID: string, since: VersionHead): Promise<MemberChanges> {
    const { groups, members, versionLog, limits } = this.#options;
    await requireMemberOf(members, call, [groupID]);
    const changes = await versionLog.changesSince('group_members', groupID, since);
    const group = await groups.find(groupID);
    if (group === undefined) throw errors.recordNotFound('group not found');
    if (isDismissed(group)) throw errors.dismissedAlready('the group is dismissed');
    const wanted = [...changes.inserted, ...changes.updated];
    const found = wanted.length === 0 ? [] : await members.find(groupID, wanted);
    const told = toMemberChanges(changes, tellsOfGroup(changes) ? group : null, found);
    return fits(newAnswerBudget(limits), told) ? told : { ...told, ...everythingAnew };
  }

  /**
   * {@link membersSince} for several groups at once, by group. Groups that do not exist, are dismissed or not the
   * caller's are left out: one that the client should not ask for spoils nothing. So are those behind the point at which
   * the answer is full, for which the client asks again; it never is without any.
   */
  async membersOfManySince(
    call: CallContext,
    asked: readonly (VersionHead & { readonly groupID: string })[],
  ): Promise<ReadonlyMap<string, MemberChanges>> {
    // Of a group that is named twice the first version counts.
    const since = new Map<string, VersionHead>(asked.toReversed().map((one) => [one.groupID, one]));
    const allowed = await this.#allowed(call, [...new Set(asked.map(({ groupID }) => groupID))]);
    const budget = newAnswerBudget(this.#options.limits);
    const told = new Map<string, MemberChanges>();
    let entries = 0;
    for (const [index, piece] of piecesOf(allowed).entries()) {
      if (index > 0) await giveWay();
      for (const [groupID, changes] of await this.#changesIn(partOf(since, piece))) {
        if (!fits(budget, changes) && told.size > 0) return told;
        told.set(groupID, changes);
        entries += changes.inserted.length + changes.updated.length + changes.deleted.length;
        if (entries >= maxEntriesPerAnswer) return told;
      }
    }
    return told;
  }

  /** All IDs of a group's members: by role from above, then as they came. @throws 1001; 1002 the caller is not in it */
  async memberIDs(call: CallContext, groupID: string): Promise<readonly string[]> {
    return (await this.memberIDsUnless(call, groupID, noHash)).ids;
  }

  /** {@link memberIDs} for a client that says which it has. @throws 1001, 1002 */
  async memberIDsUnless(call: CallContext, groupID: string, knownHash: bigint): Promise<FullIDs> {
    if (groupID === '') throw errors.args('groupID is empty');
    const { members, memberIDs } = this.#options;
    await requireMemberOf(members, call, [groupID]);
    const { versionID, version, ...hashed } = await memberIDs.of(groupID);
    return unless(knownHash, { versionID, version }, hashed);
  }

  async #allowed({ caller }: CallContext, groupIDs: readonly string[]): Promise<readonly string[]> {
    if (caller.isAdmin) return groupIDs;
    const roles = await this.#options.members.rolesOf(caller.userID, groupIDs);
    return groupIDs.filter((groupID) => roles.has(groupID));
  }

  /** In the order of `since`; of groups that exist. Nothing is read of those of which there is nothing to tell. */
  async #changesIn(since: ReadonlyMap<string, VersionHead>): Promise<readonly (readonly [string, MemberChanges])[]> {
    const { groups, members, versionLog } = this.#options;
    const changesByID = await versionLog.changesOfMany('group_members', since);
    const changed = new Map([...changesByID].filter(([, changes]) => tellsOfGroup(changes)));
    const found = changed.size === 0 ? [] : await groups.findMany([...changed.keys()]);
    const groupByID = new Map(found.filter((group) => !isDismissed(group)).map((group) => [group.groupID, group]));
    const wanted = new Map(
      [...changed]
        .map(([groupID, { inserted, updated }]) => [groupID, [...inserted, ...updated]] as const)
        .filter(([groupID, userIDs]) => userIDs.length > 0 && groupByID.has(groupID)),
    );
    const memberRows = wanted.size === 0 ? [] : await members.findInGroups(wanted);
    const membersByGroup = Map.groupBy(memberRows, ({ groupID }) => groupID);
    return [...since.keys()].flatMap((groupID) => {
      const changes = changesByID.get(groupID);
      const group = groupByID.get(groupID) ?? null;
      if (changes === undefined || (group === null && changed.has(groupID))) return [];
      return [[groupID, toMemberChanges(changes, group, membersByGroup.get(groupID) ?? [])] as const];
    });
  }
}

/** More than these in one answer, and clients get the rest when they ask again. */
const maxEntriesPerAnswer = 500;
/** Of no list: a hash has 64 bits. */
const noHash = -1n;

const everythingAnew = { full: true, inserted: [], updated: [], deleted: [], sortVersion: 0, isOwnerChanged: false };

/** 10.5: not of a new order alone. */
function tellsOfGroup({ full, isOwnerChanged, inserted, updated, deleted }: ItemChanges): boolean {
  return full || isOwnerChanged || inserted.length + updated.length + deleted.length > 0;
}

/** @param group null if there is nothing to tell of it */
function toMemberChanges(changes: ItemChanges, group: Group | null, found: readonly GroupMember[]): MemberChanges {
  const byID = new Map(found.map((member) => [member.userID, member]));
  return { ...changes, inserted: pick(byID, changes.inserted), updated: pick(byID, changes.updated), group };
}

function fits(budget: AnswerBudget, { inserted, updated, group }: MemberChanges): boolean {
  return budget.takes(group ?? {}, ...[...inserted, ...updated].flatMap((member) => [member, member.profile]));
}

function unless(knownHash: bigint, head: VersionHead, { ids, hash }: HashedIDs): FullIDs {
  const isEqual = hash === knownHash;
  return { ...head, isEqual, ids: isEqual ? [] : ids };
}

function pick<Item>(items: ReadonlyMap<string, Item>, ids: readonly string[]): readonly Item[] {
  return ids.flatMap((id) => items.get(id) ?? []);
}

function partOf<Item>(items: ReadonlyMap<string, Item>, ids: readonly string[]): ReadonlyMap<string, Item> {
  return new Map(ids.flatMap((id) => (items.has(id) ? [[id, items.get(id) as Item] as const] : [])));
}

function piecesOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const pieces: (readonly Item[])[] = [];
  for (let start = 0; start < items.length; start += groupsAtOnce)
    pieces.push(items.slice(start, start + groupsAtOnce));
  return pieces;
}

/** Groups with their texts in hand. */
const groupsAtOnce = 50;
