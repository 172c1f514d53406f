/** The users of this deployment: registering, reading and changing them (rest-core chapter, section 7). */

import { AnswerBudget } from '../kernel/answer-budget.ts';
import { type CallContext, requireAccess, requireAdmin } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import { userIDFault } from '../protocol/user-id.ts';
import type { NewUser, User, UserChanges } from './user.ts';
import type { UserLimits } from './user-limits.ts';
import type { UserStore } from './user-store.ts';

/** Told in the transaction of a change; what it sends goes out if that commits. */
export interface UserNotifications {
  /** Notification 1303: the user's devices read their own record again. */
  userInfoUpdated(tx: Transaction, call: CallContext, changedUserID: string): Promise<void>;
  /** Others see the user's nickname or face, which is another now (7.4). */
  profileChanged(tx: Transaction, call: CallContext, user: User): Promise<void>;
}

/** What the operator's receiver has to say (objects-push-webhooks chapter, 3.6): asked outside of transactions. */
export interface UserHooks {
  /** @returns whom to register instead. @throws its refusal */
  beforeRegister(call: CallContext, users: readonly NewUser[], createdAt: number): Promise<readonly NewUser[]>;
  registered(tx: Transaction, call: CallContext, users: readonly User[]): Promise<void>;
  /** @returns what to change instead. @throws its refusal */
  beforeUpdate(call: CallContext, form: UpdateForm, userID: string, changes: UserChanges): Promise<UserChanges>;
  updated(tx: Transaction, call: CallContext, form: UpdateForm, userID: string, changes: UserChanges): Promise<void>;
}

/** Which of the two endpoints changes a user: they have hooks of their own. */
export type UpdateForm = 'plain' | 'ex';

/** What of the store the users themselves need. */
export type UserRecords = Pick<UserStore, 'add' | 'find' | 'levelOf' | 'lock' | 'update'>;

export interface UsersOptions {
  readonly store: UserRecords;
  readonly unitOfWork: UnitOfWork;
  readonly notifications: UserNotifications;
  /** Undefined while nobody is asked. */
  readonly hooks?: UserHooks | undefined;
  readonly limits: Pick<UserLimits, 'maxNicknameBytes' | 'maxFaceUrlBytes' | 'maxExBytes' | 'maxAnswerBytes'>;
  /** Unix ms. */
  readonly now: () => number;
}

export class Users {
  readonly #options: UsersOptions;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  /**
   * Registers all of `users` or none (7.2).
   * @throws 1001 ill-formed or repeated, 1002 not an admin, 1102 one of them is registered already
   */
  async register(call: CallContext, users: readonly NewUser[]): Promise<void> {
    this.#checkNew(call, users);

    const { unitOfWork, store, hooks, now } = this.#options;
    const createdAt = now();
    const asked = (await hooks?.beforeRegister(call, users, createdAt)) ?? users;
    // A receiver's list is checked like a back end's.
    if (asked !== users) this.#checkNew(call, asked);
    const registered = asked.map((user) => ({ ...user, createdAt }));
    await unitOfWork.transaction(async (tx) => {
      const added = await store.add(tx, registered);
      if (added.size < registered.length) throw errors.registeredAlready('userID registered already');
      await hooks?.registered(tx, call, registered);
    });
  }

  /**
   * The registered ones among `userIDs`, each once and in that order; anyone may read anyone (7.3).
   * @throws 1001 if the list is empty, or what is found of it more than fits an answer
   */
  async find(userIDs: readonly string[]): Promise<User[]> {
    if (userIDs.length === 0) throw errors.args('userIDs is empty');
    const found = new Map<string, User>();
    const budget = new AnswerBudget(this.#options.limits.maxAnswerBytes);
    for await (const user of this.#read(userIDs)) {
      budget.take(user);
      found.set(user.userID, user);
    }
    return [...new Set(userIDs)].flatMap((userID) => found.get(userID) ?? []);
  }

  /**
   * Changes a user's own data and tells the user's devices, even if nothing differs (7.4).
   * @param form of the endpoint that has hooks
   * @throws 1001 ill-formed, 1002 not the caller's, 1004 no such user
   */
  async updateEx(call: CallContext, userID: string, given: UserChanges, form?: UpdateForm): Promise<void> {
    if (userID === '') throw errors.args('userID is empty');
    if (given.globalRecvMsgOpt !== null && !isReceiveOption(given.globalRecvMsgOpt)) {
      throw errors.args('globalRecvMsgOpt must be 0, 1 or 2');
    }
    requireAccess(call, userID);
    this.#checkTexts(given);

    const { unitOfWork, store, notifications, hooks } = this.#options;
    const changes = (form === undefined ? undefined : await hooks?.beforeUpdate(call, form, userID, given)) ?? given;
    if (changes !== given) this.#checkTexts(changes);
    await unitOfWork.transaction(async (tx) => {
      // Compared with what it replaces, whoever else changes it just now: else nobody is told of the last.
      const before = await store.lock(tx, userID);
      if (before === undefined) throw errors.recordNotFound('user not found');
      await store.update(tx, userID, changes);
      const { nickname, faceURL } = before;
      const after = { ...before, nickname: changes.nickname ?? nickname, faceURL: changes.faceURL ?? faceURL };
      if (after.nickname !== nickname || after.faceURL !== faceURL) await notifications.profileChanged(tx, call, after);
      await notifications.userInfoUpdated(tx, call, userID);
      if (form !== undefined) await hooks?.updated(tx, call, form, userID, changes);
    });
  }

  /**
   * Which of `userIDs` are registered, in their order (7.8).
   * @throws 1001 if the list is empty or repeats an ID, 1002 not an admin
   */
  async accountCheck(call: CallContext, userIDs: readonly string[]): Promise<AccountStatus[]> {
    if (userIDs.length === 0) throw errors.args('checkUserIDs is empty');
    if (new Set(userIDs).size !== userIDs.length) throw errors.args('checkUserIDs repeats an ID');
    requireAdmin(call);
    const found = new Set<string>();
    for await (const { userID } of this.#read(userIDs)) found.add(userID);
    return userIDs.map((userID) => ({ userID, isRegistered: found.has(userID) }));
  }

  /** Inserts the configured admins that are missing, at start (section 3); existing records stay as they are. */
  async ensureAdmins(adminUserIDs: readonly string[]): Promise<void> {
    const createdAt = this.#options.now();
    const admins = [...new Set(adminUserIDs)].map((userID) => ({
      userID,
      nickname: userID,
      faceURL: '',
      ex: '',
      createdAt,
      appManagerLevel: appAdminLevel,
      globalRecvMsgOpt: 0,
    }));
    await this.#options.unitOfWork.transaction((tx) => this.#options.store.add(tx, admins));
  }

  #checkNew(call: CallContext, users: readonly NewUser[]): void {
    checkRegistrations(users);
    requireAdmin(call);
    if (new Set(users.map(({ userID }) => userID)).size !== users.length) throw errors.args('userID repeated');
    if (users.some(({ userID }) => userID === '')) throw errors.args('userID is empty');
    for (const user of users) this.#checkTexts(user);
  }

  #checkTexts({ nickname, faceURL, ex }: Pick<UserChanges, 'nickname' | 'faceURL' | 'ex'>): void {
    const { maxNicknameBytes, maxFaceUrlBytes, maxExBytes } = this.#options.limits;
    requireWithin('nickname', nickname, maxNicknameBytes);
    requireWithin('faceURL', faceURL, maxFaceUrlBytes);
    requireWithin('ex', ex, maxExBytes);
  }

  /** The registered ones, in no order; never more of them in hand than a few hundred. */
  async *#read(userIDs: readonly string[]): AsyncGenerator<User> {
    for (let start = 0; start < userIDs.length; start += readAtOnce) {
      yield* await this.#options.store.find(userIDs.slice(start, start + readAtOnce));
    }
  }

  /** The user that a token is asked for, whoever asks; undefined if not registered. */
  async findForToken(userID: string): Promise<Pick<User, 'appManagerLevel'> | undefined> {
    const appManagerLevel = await this.#options.store.levelOf(userID);
    return appManagerLevel === undefined ? undefined : { appManagerLevel };
  }
}

export interface AccountStatus {
  readonly userID: string;
  readonly isRegistered: boolean;
}

const appAdminLevel = 2;
const readAtOnce = 250;

/** Checks 1 to 3 of 7.2, which come before the question who is calling. An empty ID passes until afterwards. */
function checkRegistrations(users: readonly NewUser[]): void {
  if (users.length === 0) throw errors.args('users is empty');
  for (const { userID, nickname } of users) {
    const fault = userIDFault(userID);
    if (fault !== undefined) throw errors.args(`userID ${fault}`);
    if (nickname === '') throw errors.args('nickname is empty');
  }
}

function isReceiveOption(value: number): boolean {
  return value === 0 || value === 1 || value === 2;
}
