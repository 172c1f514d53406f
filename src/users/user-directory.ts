/** Looking through all users; for admins only (rest-core chapter, 7.7, 7.9 and section 9). */
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import { offsetOf, type Pagination, requirePagination } from '../protocol/pagination.ts';
import type { User } from './user.ts';
import type { UserLimits } from './user-limits.ts';
import type { UserStore } from './user-store.ts';

export interface UserDirectoryOptions {
  readonly store: Pick<UserStore, 'list' | 'count' | 'ids' | 'registrations'>;
  readonly limits: Pick<UserLimits, 'maxAnswerBytes'>;
}

export class UserDirectory {
  readonly #store: UserDirectoryOptions['store'];
  readonly #maxAnswerBytes: number;

  constructor({ store, limits }: UserDirectoryOptions) {
    this.#store = store;
    this.#maxAnswerBytes = limits.maxAnswerBytes;
  }

  /** A page of the IDs of all users, whatever their level. @throws 1001, 1002 */
  async ids(call: CallContext, wanted: Pagination | null): Promise<{ total: number; userIDs: readonly string[] }> {
    const page = requirePagination(wanted);
    requireAdmin(call);
    const total = await this.#store.count({});
    const read = (offset: number, limit: number) => this.#store.ids(offset, limit);
    return { total, userIDs: await this.#page(page, read, (userID) => userID.length) };
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
    const total = await this.#store.count(filter);
    const read = (offset: number, limit: number) => this.#store.list(filter, offset, limit);
    return { total, users: await this.#page(page, read, textLength) };
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

  /** Never more of it in hand than fits an answer. @throws 1001 if it is more */
  async #page<Row>(
    page: Pagination,
    read: (offset: number, limit: number) => Promise<readonly Row[]>,
    sizeOf: (row: Row) => number,
  ): Promise<Row[]> {
    const rows: Row[] = [];
    let bytes = 0;
    while (rows.length < page.showNumber) {
      const limit = Math.min(readAtOnce, page.showNumber - rows.length);
      const piece = await read(offsetOf(page) + rows.length, limit);
      for (const row of piece) bytes += sizeOf(row);
      if (bytes > this.#maxAnswerBytes) throw errors.args('the page is too large: ask for a smaller one');
      rows.push(...piece);
      if (piece.length < limit) break;
    }
    return rows;
  }
}

const readAtOnce = 250;

function textLength({ userID, nickname, faceURL, ex }: User): number {
  return userID.length + nickname.length + faceURL.length + ex.length;
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
