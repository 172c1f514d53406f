/** Texts that back ends give clients to read once per login: for everybody, and for single users (rest-core, 7.13). */

import { type CallContext, requireAccess, requireAdmin } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import { offsetOf, type Pagination } from '../protocol/pagination.ts';
import type { ClientConfigEntry, ClientConfigStore } from './client-config-store.ts';
import type { UserLimits } from './user-limits.ts';
import type { UserStore } from './user-store.ts';

export interface ClientConfigsOptions {
  readonly store: ClientConfigStore;
  readonly users: Pick<UserStore, 'find'>;
  readonly unitOfWork: UnitOfWork;
  readonly limits: Pick<
    UserLimits,
    'maxClientConfigs' | 'maxClientConfigBytes' | 'clientConfigsQuotaBytes' | 'maxPageItems' | 'maxAnswerBytes'
  >;
}

/** Which entries a page is of. Empty texts filter nothing. */
export interface ClientConfigQuery {
  readonly userID: string;
  readonly key: string;
  /** Only entries for everybody, whatever `userID` says. */
  readonly isGlobal: boolean;
}

export class ClientConfigs {
  readonly #options: ClientConfigsOptions;

  constructor(options: ClientConfigsOptions) {
    this.#options = options;
  }

  /**
   * What a user's clients are to read: everybody's entries, with the user's own over them. Without a userID only
   * everybody's, for anybody.
   * @throws 1002 not the caller's, 1004 no such user
   */
  async read(call: CallContext, userID: string): Promise<Map<string, string>> {
    if (userID === everybody) return toMap(await this.#options.store.read([everybody]));
    requireAccess(call, userID);
    await this.#requireUser(userID);
    const entries = await this.#options.store.read([everybody, userID]);
    const isOwn = (entry: ClientConfigEntry) => entry.userID === userID;
    return new Map([...toMap(entries.filter((entry) => !isOwn(entry))), ...toMap(entries.filter(isOwn))]);
  }

  /** Adds or replaces. @throws 1002 not an admin, 1001 more than may be kept for one user, 1004 no such user */
  async set(call: CallContext, userID: string, configs: ReadonlyMap<string, string>): Promise<void> {
    requireAdmin(call);
    for (const value of configs.values()) requireWithin('a value', value, this.#options.limits.maxClientConfigBytes);
    if (userID !== everybody) await this.#requireUser(userID);
    const { store, unitOfWork } = this.#options;
    const entries = [...configs].map(([key, value]) => ({ key, userID, value }));
    await unitOfWork.transaction(async (tx) => {
      await store.put(tx, entries);
      await this.#requireQuota(tx, userID);
    });
  }

  /** Keys that are not set are no error. @throws 1002 not an admin */
  async remove(call: CallContext, userID: string, keys: readonly string[]): Promise<void> {
    requireAdmin(call);
    const { store, unitOfWork } = this.#options;
    await unitOfWork.transaction((tx) => store.remove(tx, userID, keys));
  }

  /**
   * A page that does not exist, or none at all, is empty and no error.
   * @throws 1002 not an admin, 1001 more on a page than fits an answer
   */
  async page(
    call: CallContext,
    { userID, key, isGlobal }: ClientConfigQuery,
    pagination: Pagination | null,
  ): Promise<{ readonly total: number; readonly entries: readonly ClientConfigEntry[] }> {
    requireAdmin(call);
    const filter = { userID: isGlobal ? everybody : userID || undefined, key: key || undefined };
    const { store, limits } = this.#options;
    const { maxPageItems, maxAnswerBytes } = limits;
    const isPage = pagination !== null && pagination.pageNumber >= 1 && pagination.showNumber >= 1;
    if (!isPage) return store.page(filter, 0, 0, maxAnswerBytes);
    const offset = offsetOf(pagination);
    const page = await store.page(filter, offset, Math.min(pagination.showNumber, maxPageItems), maxAnswerBytes);
    // Leaving some out would hide them: the next page begins behind them.
    if (page.entries.length < Math.min(pagination.showNumber, page.total - offset)) {
      throw errors.args('the page is too large: ask for fewer rows');
    }
    return page;
  }

  /** Judged after the change, which is undone if it was too much. @throws 1001 */
  async #requireQuota(tx: Transaction, userID: string): Promise<void> {
    const { store, limits } = this.#options;
    const { count, bytes } = await store.usage(tx, userID);
    if (count > limits.maxClientConfigs) throw errors.args(`more than ${limits.maxClientConfigs} settings`);
    if (bytes > limits.clientConfigsQuotaBytes) {
      throw errors.args(`the settings are over ${limits.clientConfigsQuotaBytes} bytes together`);
    }
  }

  /** @throws 1004 */
  async #requireUser(userID: string): Promise<void> {
    const [user] = await this.#options.users.find([userID]);
    if (user === undefined) throw errors.recordNotFound('user not found');
  }
}

/** The userID of entries for everybody. */
const everybody = '';

function toMap(entries: readonly ClientConfigEntry[]): Map<string, string> {
  return new Map(entries.map(({ key, value }) => [key, value]));
}
