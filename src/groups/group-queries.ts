/** Looking at groups and their members (relations-groups chapter, 8.12). */

import { readPieces } from '../kernel/answer-budget.ts';
import { type CallContext, requireAccess, requireAdmin } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import { groupRoles } from '../protocol/numbers/groups.ts';
import { offsetOf, type Pagination, requirePagination } from '../protocol/pagination.ts';
import { dateOf, type Growth, requireRange } from '../users/user-directory.ts';
import type { Group, GroupMember } from './group.ts';
import { type AnswerLimits, newAnswerBudget } from './group-answers.ts';
import type { GroupMemberStore, MemberFilter } from './group-member-store.ts';
import type { GroupStore } from './group-store.ts';
import type { MemberIDs } from './member-ids.ts';
import { requireMemberOf } from './reading-rights.ts';

export interface GroupQueriesOptions {
  readonly groups: Pick<
    GroupStore,
    'find' | 'findMany' | 'idsJoinedBy' | 'search' | 'countFound' | 'count' | 'creations'
  >;
  readonly members: Pick<GroupMemberStore, 'find' | 'findInGroups' | 'list' | 'count' | 'named' | 'rolesOf'>;
  readonly memberIDs: Pick<MemberIDs, 'of'>;
  readonly limits: AnswerLimits;
}

export interface MembersPage {
  readonly groupID: string;
  readonly pagination: Pagination | null;
  /** 0 all, 1 the owner, 2 admins, 3 ordinary members, 4 all but the owner, 5 owner and admins. */
  readonly filter: number;
  /** Only those whose name in the group holds it; empty for all. */
  readonly keyword: string;
}

/** A group, and its owner as the group knows it. */
export interface GroupWithOwner {
  readonly group: Group;
  /** Undefined once the group is dismissed. */
  readonly owner: GroupMember | undefined;
}

export class GroupQueries {
  readonly #options: GroupQueriesOptions;

  constructor(options: GroupQueriesOptions) {
    this.#options = options;
  }

  /** Those groups that exist, dismissed ones too, in the order asked; anybody may ask. @throws 1001 none, or too many */
  async find(groupIDs: readonly string[]): Promise<readonly Group[]> {
    if (groupIDs.length === 0) throw errors.args('groupIDs is empty');
    return this.#read([...new Set(groupIDs)]);
  }

  /** A page of a user's groups, by name. @throws 1001 ill-formed, or more than fits an answer; 1002 */
  async joined(
    call: CallContext,
    userID: string,
    pagination: Pagination | null,
  ): Promise<{ readonly total: number; readonly groups: readonly Group[] }> {
    if (userID === '') throw errors.args('fromUserID is empty');
    const page = requirePagination(pagination);
    requireAccess(call, userID);
    const ids = await this.#options.groups.idsJoinedBy(userID);
    return { total: ids.length, groups: await this.#read(pageOf(ids, page)) };
  }

  /** Those of some users who are members, in the order asked. @throws 1001, 1002 the caller is not in the group */
  async members(call: CallContext, groupID: string, userIDs: readonly string[]): Promise<readonly GroupMember[]> {
    if (groupID === '') throw errors.args('groupID is empty');
    if (userIDs.length === 0) throw errors.args('userIDs is empty');
    await requireMemberOf(this.#options.members, call, [groupID]);
    return this.#readMembers(groupID, [...new Set(userIDs)]);
  }

  /**
   * A page of a group's members: by role from above, then as they came.
   * @throws 1001 ill-formed, or more than fits an answer; 1002 the caller is not in the group; 1004 no such group
   */
  async memberPage(
    call: CallContext,
    { groupID, pagination, filter, keyword }: MembersPage,
  ): Promise<{ readonly total: number; readonly members: readonly GroupMember[] }> {
    if (groupID === '') throw errors.args('groupID is empty');
    const page = requirePagination(pagination);
    const wanted = filters.get(filter);
    if (wanted === undefined) throw errors.args('filter must be 0 to 5');
    const { groups, members, limits } = this.#options;
    await requireMemberOf(members, call, [groupID]);
    const group = await groups.find(groupID);
    if (group === undefined) throw errors.recordNotFound('group not found');
    if (keyword !== '') {
      const ids = await this.#idsOfNamed(groupID, wanted, keyword);
      return { total: ids.length, members: await this.#readMembers(groupID, pageOf(ids, page)) };
    }
    const total = wanted.roles === undefined ? group.memberCount : await members.count(groupID, wanted);
    const budget = newAnswerBudget(limits);
    const rows = await readPieces(total, offsetOf(page), page.showNumber, async (offset, limit) => {
      const piece = await members.list(groupID, wanted, offset, limit);
      for (const member of piece) budget.take(member, member.profile);
      return piece;
    });
    return { total, members: rows };
  }

  /**
   * A page of all groups that are not dismissed and whose name holds a text, the newest first; or the one group of an ID,
   * whatever its state. For admins. @throws 1001 ill-formed, or more than fits an answer; 1002
   */
  async search(
    call: CallContext,
    { groupID, groupName }: { readonly groupID: string; readonly groupName: string },
    pagination: Pagination | null,
  ): Promise<{ readonly total: number; readonly groups: readonly GroupWithOwner[] }> {
    const page = requirePagination(pagination);
    requireAdmin(call);
    const { groups, limits } = this.#options;
    if (groupID !== '') {
      const found = await groups.findMany([groupID]);
      return { total: found.length, groups: await this.#withOwners(pageOf(found, page)) };
    }
    const total = await groups.countFound(groupName);
    const budget = newAnswerBudget(limits);
    const rows = await readPieces(total, offsetOf(page), page.showNumber, async (offset, limit) => {
      const piece = await groups.search(groupName, offset, limit);
      for (const group of piece) budget.take(group);
      return this.#withOwners(piece);
    });
    return { total, groups: rows };
  }

  /**
   * How many groups there are, dismissed ones included, were before `start`, and were made on each day from then on and
   * before `end` (Unix ms); for admins (rest-core chapter, section 9). @throws 1001, 1002
   */
  async creations(call: CallContext, start: number, end: number): Promise<Growth> {
    requireRange(start, end);
    requireAdmin(call);
    const { groups } = this.#options;
    const [total, before, days] = await Promise.all([
      groups.count(),
      groups.count(start),
      groups.creations(start, end),
    ]);
    return { total, before, byDay: new Map([...days].map(([day, count]) => [dateOf(day), count])) };
  }

  /** @param ids distinct. @throws 1001 they are too many for an answer */
  async #read(ids: readonly string[]): Promise<readonly Group[]> {
    const { groups, limits } = this.#options;
    const budget = newAnswerBudget(limits);
    return readPieces(ids.length, 0, ids.length, async (start, count) => {
      const piece = ids.slice(start, start + count);
      const found = new Map((await groups.findMany(piece)).map((group) => [group.groupID, group]));
      const inOrder = piece.flatMap((groupID) => found.get(groupID) ?? []);
      for (const group of inOrder) budget.take(group);
      return inOrder;
    });
  }

  /** @param ids distinct. @throws 1001 they are too many for an answer */
  async #readMembers(groupID: string, ids: readonly string[]): Promise<readonly GroupMember[]> {
    const { members, limits } = this.#options;
    const budget = newAnswerBudget(limits);
    return readPieces(ids.length, 0, ids.length, async (start, count) => {
      const piece = ids.slice(start, start + count);
      const found = new Map((await members.find(groupID, piece)).map((member) => [member.userID, member]));
      const inOrder = piece.flatMap((userID) => found.get(userID) ?? []);
      for (const member of inOrder) budget.take(member, member.profile);
      return inOrder;
    });
  }

  /** In the group's order. Every name has to be looked at: of a large group in pieces, between which others have their turn. */
  async #idsOfNamed(groupID: string, filter: MemberFilter, keyword: string): Promise<readonly string[]> {
    const { members, memberIDs } = this.#options;
    const { ids } = await memberIDs.of(groupID);
    return readPieces(ids.length, 0, ids.length, async (start, count) => {
      const piece = ids.slice(start, start + count);
      const named = await members.named(groupID, piece, { ...filter, keyword });
      return piece.filter((userID) => named.has(userID));
    });
  }

  async #withOwners(groups: readonly Group[]): Promise<readonly GroupWithOwner[]> {
    const owned = groups.filter(({ ownerUserID }) => ownerUserID !== '');
    const found = await this.#options.members.findInGroups(
      new Map(owned.map(({ groupID, ownerUserID }) => [groupID, [ownerUserID]])),
    );
    const owners = new Map(found.map((member) => [member.groupID, member]));
    return groups.map((group) => ({ group, owner: owners.get(group.groupID) }));
  }
}

const filters: ReadonlyMap<number, MemberFilter> = new Map([
  [0, {}],
  [1, { roles: [groupRoles.owner] }],
  [2, { roles: [groupRoles.admin] }],
  [3, { roles: [groupRoles.member] }],
  [4, { roles: [groupRoles.admin, groupRoles.member] }],
  [5, { roles: [groupRoles.owner, groupRoles.admin] }],
]);

function pageOf<Item>(items: readonly Item[], page: Pagination): readonly Item[] {
  return page.showNumber < 1 ? [] : items.slice(offsetOf(page), offsetOf(page) + page.showNumber);
}
