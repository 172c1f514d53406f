/** Accounts that speak for the system to users; for admins only (rest-core chapter, 7.12). */
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import type { UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import { offsetOf, type Pagination, requirePagination } from '../protocol/pagination.ts';
import { userIDFault } from '../protocol/user-id.ts';
import type { User } from './user.ts';
import { readUsers } from './user-directory.ts';
import type { UserLimits } from './user-limits.ts';
import type { UserStore } from './user-store.ts';

export interface NotificationAccountsOptions {
  readonly store: UserStore;
  readonly unitOfWork: UnitOfWork;
  readonly limits: Pick<UserLimits, 'maxNicknameBytes' | 'maxFaceUrlBytes' | 'maxAnswerBytes'>;
  readonly adminUserIDs: readonly string[];
  /** A random whole number from 0 up to and without `end`. */
  readonly random: (end: number) => number;
  /** Unix ms. */
  readonly now: () => number;
}

export interface NewNotificationAccount {
  /** Empty: one is made up. */
  readonly userID: string;
  readonly nickname: string;
  readonly faceURL: string;
  readonly appManagerLevel: number;
}

/** app_manager_level from which on an account is one of these. */
const accountLevel = 3;

export class NotificationAccounts {
  readonly #options: NotificationAccountsOptions;

  constructor(options: NotificationAccountsOptions) {
    this.#options = options;
  }

  /** @throws 1001 ill-formed, the level too low or the ID in use; 1002 */
  async add(call: CallContext, { userID, nickname, faceURL, appManagerLevel }: NewNotificationAccount): Promise<User> {
    if (nickname === '') throw errors.args('nickName is empty');
    this.#checkTexts(nickname, faceURL);
    const fault = userID === '' ? undefined : userIDFault(userID);
    if (fault !== undefined) throw errors.args(`userID ${fault}`);
    requireAdmin(call);
    if (appManagerLevel < accountLevel) throw errors.args('app level not supported');
    const { store, unitOfWork, now } = this.#options;
    const account = { nickname, faceURL, ex: '', createdAt: now(), appManagerLevel, globalRecvMsgOpt: 0 };
    return unitOfWork.transaction(async (tx) => {
      for (const candidate of userID === '' ? this.#ids() : [userID]) {
        const user = { ...account, userID: candidate };
        if ((await store.add(tx, [user])).size > 0) return user;
      }
      if (userID !== '') throw errors.args('userID is used');
      throw new Error('ten digits at random were in use twenty times');
    });
  }

  /** Sets what is not empty, of any user. @throws 1001 ill-formed, or no such user; 1002 */
  async update(
    call: CallContext,
    { userID, nickname, faceURL }: Pick<NewNotificationAccount, 'userID' | 'nickname' | 'faceURL'>,
  ): Promise<void> {
    if (userID === '') throw errors.args('userID is empty');
    if (nickname === '' && faceURL === '') throw errors.args('nickName and faceURL are empty');
    this.#checkTexts(nickname, faceURL);
    requireAdmin(call);
    const { store, unitOfWork } = this.#options;
    const changes = { nickname: nickname || null, faceURL: faceURL || null, ex: null, globalRecvMsgOpt: null };
    const isKnown = await unitOfWork.transaction((tx) => store.update(tx, userID, changes));
    if (!isKnown) throw errors.args('user not found');
  }

  /**
   * A page of the accounts that are no admin: the one of this ID or else those of this nickname; an empty keyword means
   * all. @param level only those of exactly this level, unless null
   * @throws 1001 ill-formed, or more than fits an answer; 1002
   */
  async search(
    call: CallContext,
    keyword: string,
    level: number | null,
    wanted: Pagination | null,
  ): Promise<{ total: number; accounts: readonly User[] }> {
    const page = requirePagination(wanted);
    requireAdmin(call);
    const { store, adminUserIDs, limits } = this.#options;
    const levels =
      level === null ? { minLevel: accountLevel } : { minLevel: Math.max(level, accountLevel), maxLevel: level };
    const filter = { ...levels, except: adminUserIDs };
    const [named] = keyword === '' ? [] : await store.find([keyword]);
    if (named !== undefined) {
      const isMeant =
        named.appManagerLevel >= levels.minLevel &&
        (level === null || named.appManagerLevel === level) &&
        !adminUserIDs.includes(named.userID);
      const accounts = isMeant ? [named].slice(offsetOf(page), offsetOf(page) + Math.max(0, page.showNumber)) : [];
      return { total: isMeant ? 1 : 0, accounts };
    }
    const wantedOnes = keyword === '' ? filter : { ...filter, nickname: keyword };
    const { total, users } = await readUsers(store, wantedOnes, page, limits.maxAnswerBytes);
    return { total, accounts: users };
  }

  /** Of ten digits, the first not 0. */
  *#ids(): Generator<string> {
    for (let attempt = 0; attempt < 20; attempt += 1) yield String(10 ** 9 + this.#options.random(9 * 10 ** 9));
  }

  #checkTexts(nickname: string, faceURL: string): void {
    requireWithin('nickName', nickname, this.#options.limits.maxNicknameBytes);
    requireWithin('faceURL', faceURL, this.#options.limits.maxFaceUrlBytes);
  }
}
