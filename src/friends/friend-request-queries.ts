/** What users see of requests to become friends (relations-groups chapter, 5.7). */

import { readPieces } from '../kernel/answer-budget.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { handleResults } from '../protocol/numbers/groups.ts';
import { offsetOf, type Pagination, requirePagination } from '../protocol/pagination.ts';
import type { FriendRequestInfo } from '../protocol/relation-objects.ts';
import type { UserStore } from '../users/user-store.ts';
import { requireGiven, requireOneOf, usersByID } from './checks.ts';
import { type FriendRequest, toFriendRequestInfo } from './friend.ts';
import { type AnswerLimits, newListBudget } from './friend-answers.ts';
import type { FriendRequestFilter, FriendRequestStore } from './friend-request-store.ts';

export interface FriendRequestQueriesOptions {
  readonly store: Pick<FriendRequestStore, 'between' | 'list' | 'count'>;
  readonly users: Pick<UserStore, 'find'>;
  readonly limits: AnswerLimits;
}

/** Which page of a user's requests. */
export interface RequestsPage {
  readonly userID: string;
  readonly pagination: Pagination | null;
  /** Only of these states; of all without any. */
  readonly handleResults: readonly number[];
}

export class FriendRequestQueries {
  readonly #options: FriendRequestQueriesOptions;

  constructor(options: FriendRequestQueriesOptions) {
    this.#options = options;
  }

  /**
   * A page of the requests that a user has received or sent, the newest first.
   * @throws 1001 ill-formed, or more than fits an answer; 1002
   */
  async list(
    call: CallContext,
    side: FriendRequestFilter['side'],
    { userID, pagination, handleResults: wanted }: RequestsPage,
  ): Promise<{ readonly requests: readonly FriendRequestInfo[]; readonly total: number }> {
    requireGiven({ userID });
    const page = requirePagination(pagination);
    requireAccess(call, userID);
    const { store, limits } = this.#options;
    const results = [...new Set(wanted)].filter((result) => knownResults.has(result));
    // None of the states there are: no row has one of the others.
    if (results.length === 0 && wanted.length > 0) return { requests: [], total: 0 };
    const filter: FriendRequestFilter = { userID, side, results };
    const total = await store.count(filter);
    const budget = newListBudget(limits);
    const requests = await readPieces(total, offsetOf(page), page.showNumber, async (offset, limit) => {
      const infos = await this.#toInfos(await store.list(filter, offset, limit));
      for (const info of infos) budget.take(info);
      return infos;
    });
    return { requests, total };
  }

  /** What one has asked the other, the latest change first. @throws 1001, 1002 the caller is neither of them */
  async between(call: CallContext, fromUserID: string, toUserID: string): Promise<readonly FriendRequestInfo[]> {
    requireGiven({ fromUserID, toUserID });
    requireOneOf(call, fromUserID, toUserID);
    const requests = await this.#options.store.between(fromUserID, toUserID);
    const isAsked = (request: FriendRequest) => request.fromUserID === fromUserID;
    return this.#toInfos(
      requests.toSorted((a, b) => changedAt(b) - changedAt(a) || Number(isAsked(b)) - Number(isAsked(a))),
    );
  }

  /** How many requests to a user are pending. @param after only those made later, Unix ms; 0 for all. @throws 1002 */
  async pendingCount(call: CallContext, userID: string, after: number): Promise<number> {
    requireAccess(call, userID);
    const filter = { userID, side: 'received', results: [handleResults.pending] } as const;
    return this.#options.store.count(after === 0 ? filter : { ...filter, after });
  }

  async #toInfos(requests: readonly FriendRequest[]): Promise<readonly FriendRequestInfo[]> {
    const userIDs = new Set(requests.flatMap(({ fromUserID, toUserID }) => [fromUserID, toUserID]));
    const users = await usersByID(this.#options.users, [...userIDs]);
    return requests.map((request) => toFriendRequestInfo(request, users));
  }
}

const knownResults: ReadonlySet<number> = new Set(Object.values(handleResults));

function changedAt({ createdAt, handledAt }: FriendRequest): number {
  return Math.max(createdAt, handledAt);
}
