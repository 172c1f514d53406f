/** Logs that clients have uploaded, for who helps their users (rest-core chapter, 8). */
import { AnswerBudget, readPieces } from '../kernel/answer-budget.ts';
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import type { UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import { platformName } from '../protocol/numbers/platforms.ts';
import { offsetOf, type Pagination } from '../protocol/pagination.ts';
import type { ClientLog, ClientLogFilter, ClientLogStore } from './client-log-store.ts';
import type { UserLimits } from './user-limits.ts';
import type { UserStore } from './user-store.ts';

export interface ClientLogsOptions {
  readonly store: ClientLogStore;
  readonly users: Pick<UserStore, 'find'>;
  readonly unitOfWork: UnitOfWork;
  /** Unix ms. */
  readonly now: () => number;
  /** A random whole number from 0 up to and without `end`. */
  readonly random: (end: number) => number;
  readonly limits: Pick<
    UserLimits,
    'maxClientLogs' | 'maxClientLogFiles' | 'maxClientLogTextBytes' | 'maxExBytes' | 'maxAnswerBytes'
  >;
}

/** What a client tells of its log, in as many files as it has. */
export interface ClientLogUpload {
  readonly platformID: number;
  readonly files: readonly { readonly filename: string; readonly url: string }[];
  readonly appFramework: string;
  readonly version: string;
  readonly ex: string;
}

export interface ListedClientLog extends ClientLog {
  /** Empty if there is no such user any more. */
  readonly nickname: string;
}

export class ClientLogs {
  readonly #options: ClientLogsOptions;

  constructor(options: ClientLogsOptions) {
    this.#options = options;
  }

  /** Of the caller; the caller's oldest ones make room. @throws 1001 */
  async upload(call: CallContext, upload: ClientLogUpload): Promise<void> {
    const { store, unitOfWork, now, limits } = this.#options;
    const { files, platformID, ...texts } = upload;
    const platform = platformName(platformID);
    if (platform === '') throw errors.args('there is no such platform');
    if (files.length === 0) throw errors.args('fileURLs is empty');
    if (files.length > limits.maxClientLogFiles) throw errors.args(`more than ${limits.maxClientLogFiles} files`);
    const { maxClientLogTextBytes } = limits;
    requireWithin('appFramework', texts.appFramework, maxClientLogTextBytes);
    requireWithin('version', texts.version, maxClientLogTextBytes);
    requireWithin('ex', texts.ex, limits.maxExBytes);
    for (const { filename, url } of files) {
      requireWithin('filename', filename, maxClientLogTextBytes);
      requireWithin('URL', url, maxClientLogTextBytes);
      // Who looks at logs will click on it.
      if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw errors.args('URL is no http or https URL');
    }
    const { userID } = call.caller;
    const createdAt = now();
    await unitOfWork.transaction(async (tx) => {
      let left = files;
      for (let attempt = 0; left.length > 0; attempt += 1) {
        if (attempt === 20) throw new Error('ten digits at random were in use twenty times');
        const logs = left.map((file) => ({ ...texts, ...file, platform, userID, createdAt, logID: this.#newID() }));
        const added = new Set(await store.add(tx, logs));
        left = logs.filter(({ logID }) => !added.has(logID));
      }
      await store.keepNewest(tx, userID, limits.maxClientLogs);
    });
  }

  /** All of them or none. @throws 1002 not an admin, 1001 none are named, 1004 one is not there */
  async remove(call: CallContext, logIDs: readonly string[]): Promise<void> {
    requireAdmin(call);
    if (logIDs.length === 0) throw errors.args('logIDs is empty');
    const { store, unitOfWork } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      if (!(await store.remove(tx, [...new Set(logIDs)]))) throw errors.recordNotFound('there is no such log');
    });
  }

  /**
   * A page of those in a range, the newest first; no page: none of them, but how many there are. Start and end (Unix ms)
   * both 0: of all times.
   * @throws 1002 not an admin, 1001 range, or an answer that would be too large
   */
  async search(
    call: CallContext,
    { keyword, start, end }: ClientLogFilter,
    pagination: Pagination | null,
  ): Promise<{ readonly total: number; readonly logs: readonly ListedClientLog[] }> {
    requireAdmin(call);
    if (start > end) throw errors.args('startTime is after endTime');
    const { store, users, now, limits } = this.#options;
    const filter = { keyword, start, end: start === 0 && end === 0 ? now() : end };
    const total = await store.count(filter);
    if (pagination === null || pagination.pageNumber < 1) return { total, logs: [] };
    const budget = new AnswerBudget(limits.maxAnswerBytes);
    const logs = await readPieces(total, offsetOf(pagination), pagination.showNumber, async (offset, limit) => {
      const found = await store.list(filter, offset, limit);
      budget.take(...found);
      const known = await users.find([...new Set(found.map(({ userID }) => userID))]);
      const names = new Map(known.map(({ userID, nickname }) => [userID, nickname]));
      return found.map((log) => ({ ...log, nickname: names.get(log.userID) ?? '' }));
    });
    return { total, logs };
  }

  #newID(): string {
    return String(10 ** 9 + this.#options.random(9 * 10 ** 9));
  }
}
