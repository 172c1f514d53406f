/** Texts that back ends give clients to read once per login: for everybody, and for single users (rest-core, 7.13). */

import { type CallContext, requireAccess, requireAdmin } from '../kernel/caller.ts';
import type { UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import { offsetOf, type Pagination } from '../protocol/pagination.ts';
import type { ClientConfigEntry, ClientConfigStore } from './client-config-store.ts';
import type { UserStore } from './user-store.ts';

export interface ClientConfigsOptions {
  readonly store: ClientConfigStore;
  readonly users: Pick<UserStore, 'find'>;
  readonly unitOfWork: UnitOfWork;
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

  /** Adds or replaces. @throws 1002 not an admin, 1001 a key that no store takes, 1004 no such user */
  async set(call: CallContext, userID: string, configs: ReadonlyMap<string, string>): Promise<void> {
    requireAdmin(call);
    for (const key of configs.keys()) checkKey(key);
    if (userID !== everybody) await this.#requireUser(userID);
    const { store, unitOfWork } = this.#options;
    const entries = [...configs].map(([key, value]) => ({ key, userID, value }));
    await unitOfWork.transaction((tx) => store.put(tx, entries));
  }

  /** Keys that are not set are no error. @throws 1002 not an admin */
  async remove(call: CallContext, userID: string, keys: readonly string[]): Promise<void> {
    requireAdmin(call);
    const { store, unitOfWork } = this.#options;
    await unitOfWork.transaction((tx) => store.remove(tx, userID, keys));
  }

  /** A page that does not exist, or none at all, is empty and no error. @throws 1002 not an admin */
  async page(
    call: CallContext,
    { userID, key, isGlobal }: ClientConfigQuery,
    pagination: Pagination | null,
  ): Promise<{ readonly total: number; readonly entries: readonly ClientConfigEntry[] }> {
    requireAdmin(call);
    const filter = { userID: isGlobal ? everybody : userID || undefined, key: key || undefined };
    const isPage = pagination !== null && pagination.pageNumber >= 1 && pagination.showNumber >= 1;
    return isPage
      ? this.#options.store.page(filter, offsetOf(pagination), pagination.showNumber)
      : this.#options.store.page(filter, 0, 0);
  }

  /** @throws 1004 */
  async #requireUser(userID: string): Promise<void> {
    const [user] = await this.#options.users.find([userID]);
    if (user === undefined) throw errors.recordNotFound('user not found');
  }
}

/** The userID of entries for everybody. */
const everybody = '';

/** In UTF-8: PostgreSQL limits index entries. */
const maxKeyBytes = 256;

/** @throws 1001 */
function checkKey(key: string): void {
  if (Buffer.byteLength(key) > maxKeyBytes) throw errors.args(`a key is over ${maxKeyBytes} bytes`);
  if (key.includes('\0')) throw errors.args('a key holds NUL');
}

function toMap(entries: readonly ClientConfigEntry[]): Map<string, string> {
  return new Map(entries.map(({ key, value }) => [key, value]));
}
