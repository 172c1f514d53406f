/** Who sends how much, and where: statistics for admins (rest-core chapter, section 9). */

import type { Group } from '../groups/group.ts';
import { type AnswerLimits, newAnswerBudget } from '../groups/group-answers.ts';
import type { GroupStore } from '../groups/group-store.ts';
import { readPieces } from '../kernel/answer-budget.ts';
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import { sortedInSlices, TimeSlices } from '../kernel/time-slices.ts';
import { errors } from '../protocol/errors.ts';
import { offsetOf, type Pagination, requirePagination } from '../protocol/pagination.ts';
import type { User } from '../users/user.ts';
import { dateOf, requireRange } from '../users/user-directory.ts';
import type { UserStore } from '../users/user-store.ts';
import type { ActivityStore, SentMessage } from './activity-store.ts';

export interface ActivityOptions {
  readonly store: ActivityStore;
  readonly users: Pick<UserStore, 'find'>;
  readonly groups: Pick<GroupStore, 'findMany'>;
  readonly limits: AnswerLimits;
}

/** Which messages are counted, and which part of the list of those who sent them is wanted. */
export interface ActivityQuery {
  /** Unix ms. */
  readonly start: number;
  /** Unix ms; not included. */
  readonly end: number;
  /** The least active first. */
  readonly isAscending: boolean;
  readonly pagination: Pagination | null;
}

/** A user or a group, and how many messages it has. */
export interface Active<Item> {
  readonly id: string;
  /** Undefined if there is none of that ID any more. */
  readonly item: Item | undefined;
  readonly count: number;
}

export interface ActivityReport<Item> {
  readonly messages: number;
  /** All who are active, not only those of the page. */
  readonly total: number;
  /** Messages by day of UTC, YYYY-MM-DD; only days that have some. */
  readonly byDay: ReadonlyMap<string, number>;
  readonly page: readonly Active<Item>[];
}

export class Activity {
  readonly #options: ActivityOptions;
  /** Counts run one after another: each may read an index of millions. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ActivityOptions) {
    this.#options = options;
  }

  /**
   * Counts the messages of single chats, and of groups too if `withGroups`, by their senders.
   * @throws 1001 ill-formed, or more than fits an answer; 1002
   */
  users(call: CallContext, query: ActivityQuery, withGroups: boolean): Promise<ActivityReport<User>> {
    const { users } = this.#options;
    return this.#report(
      call,
      query,
      ({ logID, sendID }) => (isSingleChat(logID) || (withGroups && isGroupChat(logID)) ? sendID : undefined),
      async (ids) => new Map((await users.find(ids)).map((user) => [user.userID, user])),
    );
  }

  /** Counts the messages of groups, by group. @throws as {@link users} */
  groups(call: CallContext, query: ActivityQuery): Promise<ActivityReport<Group>> {
    const { groups } = this.#options;
    return this.#report(
      call,
      query,
      ({ logID }) => (isGroupChat(logID) ? logID.slice(groupPrefix.length) : undefined),
      async (ids) => new Map((await groups.findMany(ids)).map((group) => [group.groupID, group])),
    );
  }

  async #report<Item extends object>(
    call: CallContext,
    { start, end, isAscending, pagination }: ActivityQuery,
    idOf: (message: SentMessage) => string | undefined,
    find: (ids: readonly string[]) => Promise<ReadonlyMap<string, Item>>,
  ): Promise<ActivityReport<Item>> {
    requireRange(start, end);
    const page = requirePagination(pagination);
    if (page.showNumber < 1) throw errors.args('showNumber is invalid');
    requireAdmin(call);

    const counted = this.#last.then(() => this.#count(start, end, idOf));
    this.#last = counted.catch(() => {});
    const { messages, byDay, byID } = await counted;
    const direction = isAscending ? 1 : -1;
    const sorted = await sortedInSlices([...byID], ([idA, a], [idB, b]) => direction * (a - b) || compareIDs(idA, idB));
    const budget = newAnswerBudget(this.#options.limits);
    const rows = await readPieces(sorted.length, offsetOf(page), page.showNumber, async (offset, limit) => {
      const piece = sorted.slice(offset, offset + limit);
      const found = await find(piece.map(([id]) => id));
      return piece.map(([id, count]): Active<Item> => {
        const item = found.get(id);
        budget.take(item, { id });
        return { id, item, count };
      });
    });
    return {
      messages,
      total: byID.size,
      byDay: new Map([...byDay].map(([day, count]) => [dateOf(day), count])),
      page: rows,
    };
  }

  async #count(start: number, end: number, idOf: (message: SentMessage) => string | undefined) {
    const byID = new Map<string, number>();
    const byDay = new Map<number, number>();
    let messages = 0;
    let after: SentMessage | undefined;
    const slices = new TimeSlices();
    for (;;) {
      const piece = await this.#options.store.sentBetween(start, end, after, messagesPerPiece);
      for (const message of piece) {
        const id = idOf(message);
        if (id === undefined) continue;
        messages += 1;
        byID.set(id, (byID.get(id) ?? 0) + 1);
        const day = Math.floor(message.sentAt / dayMs);
        byDay.set(day, (byDay.get(day) ?? 0) + 1);
      }
      after = piece.at(-1);
      if (piece.length < messagesPerPiece) return { messages, byDay, byID };
      if (slices.isOver) await slices.next();
    }
  }
}

/** SQLite reads a piece of the index at once, in about a millisecond. */
const messagesPerPiece = 500;
const dayMs = 86_400_000;
const groupPrefix = 'sg_';

function isGroupChat(logID: string): boolean {
  return logID.startsWith(groupPrefix);
}

/** See protocol/log-id.ts for the second form. */
function isSingleChat(logID: string): boolean {
  return logID.startsWith('si_') || logID.startsWith('si/');
}

function compareIDs(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
