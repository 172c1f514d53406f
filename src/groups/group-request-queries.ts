/**
 * Looking at requests to join groups (relations-groups chapter, 8.12): for those who made them, and for those who are
 * owner or admin of the group when they look.
 */

import { readPieces } from '../kernel/answer-budget.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import { handleResults } from '../protocol/numbers/groups.ts';
import { offsetOf, type Pagination, requirePagination } from '../protocol/pagination.ts';
import type { GroupRequestInfo } from '../protocol/relation-objects.ts';
import { toPublicUserInfo } from '../users/user.ts';
import type { UserStore } from '../users/user-store.ts';
import { type GroupRequest, toGroupInfo, toRequestInfo } from './group.ts';
import { type AnswerLimits, newAnswerBudget } from './group-answers.ts';
import type { GroupMemberStore } from './group-member-store.ts';
import type { GroupRequestStore, RequestFilter } from './group-request-store.ts';
import type { GroupStore } from './group-store.ts';
import { requireManagerOf } from './reading-rights.ts';
import { requireUserList } from './user-lists.ts';

export interface GroupRequestQueriesOptions {
  readonly store: Pick<GroupRequestStore, 'find' | 'findMany' | 'list' | 'count'>;
  readonly groups: Pick<GroupStore, 'find' | 'findMany'>;
  readonly members: Pick<GroupMemberStore, 'rolesOf' | 'groupIDsManagedBy'>;
  readonly users: Pick<UserStore, 'find'>;
  readonly limits: AnswerLimits;
}

/** Which page of a user's requests. */
export interface GroupRequestsPage {
  readonly userID: string;
  readonly pagination: Pagination | null;
  /** Only for these groups; for all without any. */
  readonly groupIDs: readonly string[];
  /** Only of these states; of all without any. */
  readonly handleResults: readonly number[];
}

export interface GroupRequestList {
  readonly total: number;
  readonly requests: readonly GroupRequestInfo[];
}

const none: GroupRequestList = { total: 0, requests: [] };

export class GroupRequestQueries {
  readonly #options: GroupRequestQueriesOptions;

  constructor(options: GroupRequestQueriesOptions) {
    this.#options = options;
  }

  /**
   * A page of the requests for the groups of which a user is owner or admin, the newest first.
   * @throws 1001 ill-formed, or more than fits an answer; 1002 not the caller's, or a group that the caller does not
   * manage; 1201 there are requests, but one of the groups does not exist
   */
  async received(call: CallContext, asked: GroupRequestsPage): Promise<GroupRequestList> {
    if (asked.userID === '') throw errors.args('fromUserID is empty');
    const page = requirePagination(asked.pagination);
    requireAccess(call, asked.userID);
    const { members, groups } = this.#options;
    const named = [...new Set(asked.groupIDs)];
    await requireManagerOf(members, call, named);
    const groupIDs = named.length > 0 ? named : await members.groupIDsManagedBy(asked.userID);
    if (groupIDs.length === 0) return none;
    const list = await this.#page({ groupIDs }, asked.handleResults, page);
    if (list.requests.length > 0 && (await groups.findMany(named)).length < named.length) {
      throw errors.groupIDNotFound('group not found');
    }
    return list;
  }

  /**
   * A page of the requests that are about a user, made by the user or by who has proposed the user, the newest first.
   * @throws 1001 ill-formed, or more than fits an answer; 1002; 1004 no such user
   */
  async sent(call: CallContext, { userID, groupIDs, ...asked }: GroupRequestsPage): Promise<GroupRequestList> {
    if (userID === '') throw errors.args('userID is empty');
    const page = requirePagination(asked.pagination);
    requireAccess(call, userID);
    const [user] = await this.#options.users.find([userID]);
    if (user === undefined) throw errors.recordNotFound('user not found');
    return this.#page({ userID, groupIDs: [...new Set(groupIDs)] }, asked.handleResults, page);
  }

  /**
   * The requests of some users for a group, in the order asked.
   * @throws 1001 ill-formed, 1002 the caller does not manage the group, 1004 no such group
   */
  async ofUsers(call: CallContext, groupID: string, userIDs: readonly string[]): Promise<GroupRequestList> {
    if (groupID === '') throw errors.args('groupID is empty');
    requireUserList('userIDs', userIDs);
    const { store, groups, members } = this.#options;
    await requireManagerOf(members, call, [groupID]);
    if ((await groups.find(groupID)) === undefined) throw errors.recordNotFound('group not found');
    const budget = newAnswerBudget(this.#options.limits);
    const requests = await readPieces(userIDs.length, 0, userIDs.length, async (start, count) => {
      const piece = userIDs.slice(start, start + count);
      const found = new Map((await store.findMany(groupID, piece)).map((request) => [request.userID, request]));
      const infos = await this.#toInfos(piece.flatMap((userID) => found.get(userID) ?? []));
      for (const info of infos) budget.take(...textsOf(info));
      return infos;
    });
    return { total: requests.length, requests };
  }

  /**
   * The request of one user for a group, if there is one: the pure-JS SDK asks for many that are not there.
   * @throws 1002 neither the caller's own nor for a group that the caller manages; 1004 no such group
   */
  async ofUser(call: CallContext, groupID: string, userID: string): Promise<GroupRequestList> {
    const { store, groups, members } = this.#options;
    if ((await groups.find(groupID)) === undefined) throw errors.recordNotFound('group not found');
    if (call.caller.userID !== userID) await requireManagerOf(members, call, [groupID]);
    const request = await store.find(groupID, userID);
    return request === undefined ? none : { total: 1, requests: await this.#toInfos([request]) };
  }

  /** How many requests wait for a user's answer. @param after only those made later, Unix ms; 0 for all. @throws 1002 */
  async pendingCount(call: CallContext, userID: string, after: number): Promise<number> {
    requireAccess(call, userID);
    const { store, members } = this.#options;
    const groupIDs = await members.groupIDsManagedBy(userID);
    if (groupIDs.length === 0) return 0;
    const filter = { groupIDs, results: [handleResults.pending] };
    return store.count(after === 0 ? filter : { ...filter, after });
  }

  async #page(filter: RequestFilter, wanted: readonly number[], page: Pagination): Promise<GroupRequestList> {
    const results = [...new Set(wanted)].filter((result) => knownResults.has(result));
    // None of the states there are: no row has one of the others.
    if (results.length === 0 && wanted.length > 0) return none;
    const { store, limits } = this.#options;
    const matching = { ...filter, results };
    const total = await store.count(matching);
    const budget = newAnswerBudget(limits);
    const requests = await readPieces(total, offsetOf(page), page.showNumber, async (offset, limit) => {
      const infos = await this.#toInfos(await store.list(matching, offset, limit));
      for (const info of infos) budget.take(...textsOf(info));
      return infos;
    });
    return { total, requests };
  }

  async #toInfos(requests: readonly GroupRequest[]): Promise<readonly GroupRequestInfo[]> {
    if (requests.length === 0) return [];
    const [users, groups] = await Promise.all([
      this.#options.users.find([...new Set(requests.map(({ userID }) => userID))]),
      this.#options.groups.findMany([...new Set(requests.map(({ groupID }) => groupID))]),
    ]);
    const userByID = new Map(users.map((user) => [user.userID, user]));
    const groupByID = new Map(groups.map((group) => [group.groupID, toGroupInfo(group)]));
    return requests.map((request) =>
      toRequestInfo(
        request,
        toPublicUserInfo(request.userID, userByID.get(request.userID)),
        groupByID.get(request.groupID) ?? null,
      ),
    );
  }
}

const knownResults: ReadonlySet<number> = new Set(Object.values(handleResults));

function textsOf(info: GroupRequestInfo): readonly object[] {
  return [info, info.userInfo, info.groupInfo ?? {}];
}
