/** Looking through all users; for admins only (rest-core chapter, 7.7, 7.9 and section 9). */
import { AnswerBudget, readPieces } from '../kernel/answer-budget.ts';
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import { offsetOf, type Pagination, requirePagination } from '../protocol/pagination.ts';
import type { User } from './user.ts';
import type { UserLimits } from './user-limits.ts';
import type { UserFilter, UserStore } from './user-store.ts';

export interface UserDirectoryOptions {
  readonly store: Pick<UserStore, 'list' | 'count' | 'ids' | 'registrations'>;
  readonly limits: Pick<UserLimits, 'maxAnswerBytes'>;
}

export class UserDirectory {
  readonly #store: UserDirectoryOptions['store'];
  readonly #limits: UserDirectoryOptions['limits'];

  constructor({ store, limits }: UserDirectoryOptions) {
    this.#store = store;
    this.#limits = limits;
  }

  /** A page of the IDs of all users, whatever their level. @throws 1001, 1002 */
  async ids(call: CallContext, wanted: Pagination | null): Promise<{ total: number; userIDs: readonly string[] }> {
    const page = requirePagination(wanted);
    requireAdmin(call);
    const total = await this.#store.count({});
    const budget = new AnswerBudget(this.#limits.maxAnswerBytes);
    const userIDs = await readPieces(total, offsetOf(page), page.showNumber, async (offset, limit) => {
      const ids = await this.#store.ids(offset, limit);
      for (const userID of ids) budget.take({ userID });
      return ids;
    });
    return { total, userIDs };
  }

  /**
   * A page of the ordinary users whose ID or nickname holds what is asked for; both empty: of all.
   * @throws 1001, 1002
   */
  async search(
    call: CallContext,
    holding: { readonly userID: string; readonly nickname: string },
    wanted: Pagination | null,
  ): Promise<{ total: number; users: readonly User[] }> {
    const page = requirePagination(wanted);
    requireAdmin(call);
    const filter = { maxLevel: ordinaryLevel, holding };
    return readUsers(this.#store, filter, page, this.#limits.maxAnswerBytes);
  }

  /** How many are registered, were before `start`, and came on each day from then on and before `end` (Unix ms). */
  async registrations(call: CallContext, start: number, end: number): Promise<Growth> {
    requireRange(start, end);
    requireAdmin(call);
    const [total, before, days] = await Promise.all([
      this.#store.count({}),
      this.#store.count({ registeredBefore: start }),
      this.#store.registrations(start, end),
    ]);
    return { total, before, byDay: new Map([...days].map(([day, count]) => [dateOf(day), count])) };
  }
}

/** A page of the users who are meant, in order of their IDs. @throws 1001 more than fits an answer */
export async function readUsers(
  store: Pick<UserStore, 'list' | 'count'>,
  filter: UserFilter,
  page: Pagination,
  maxAnswerBytes: number,
): Promise<{ total: number; users: readonly User[] }> {
  const total = await store.count(filter);
  const budget = new AnswerBudget(maxAnswerBytes);
  const users = await readPieces(total, offsetOf(page), page.showNumber, async (offset, limit) => {
    const piece = await store.list(filter, offset, limit);
    for (const user of piece) budget.take(user);
    return piece;
  });
  return { total, users };
}

export interface Growth {
  readonly total: number;
  readonly before: number;
  /** By date of UTC, `YYYY-MM-DD`; days without any are left out. */
  readonly byDay: ReadonlyMap<string, number>;
}

/** app_manager_level up to which an account is a person's. */
const ordinaryLevel = 1;

/** @throws 1001 */
export function requireRange(start: number, end: number): void {
  if (start <= 0) throw errors.args('start must be above 0');
  if (end <= 0) throw errors.args('end must be above 0');
  if (start > end) throw errors.args('start is after end');
}

/** @param day since 1970, of UTC */
export function dateOf(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
