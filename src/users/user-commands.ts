/** Records that users keep on the server, and that all of their devices see (rest-core chapter, 7.11). */

import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import type { UserCommand, UserCommandChanges, UserCommandKey } from './user-command.ts';
import type { UserCommandStore } from './user-command-store.ts';
import type { UserLimits } from './user-limits.ts';

export type UserCommandChange = 'added' | 'deleted' | 'updated';

/** Told in the transaction of a change; what it sends goes out if that commits. */
export interface UserCommandNotifications {
  /** Notifications 1305 to 1307, to the user's own devices. */
  userCommandChanged(tx: Transaction, call: CallContext, userID: string, change: UserCommandChange): Promise<void>;
}

export interface UserCommandsOptions {
  readonly store: UserCommandStore;
  readonly unitOfWork: UnitOfWork;
  readonly notifications: UserCommandNotifications;
  readonly limits: Pick<
    UserLimits,
    'maxExBytes' | 'maxUserCommands' | 'maxUserCommandBytes' | 'userCommandsQuotaBytes' | 'maxAnswerBytes'
  >;
  /** Unix ms. */
  readonly now: () => number;
}

export class UserCommands {
  readonly #options: UserCommandsOptions;

  constructor(options: UserCommandsOptions) {
    this.#options = options;
  }

  /**
   * Adds a record, or replaces what one with this key says: a call that is repeated because its answer was lost changes
   * nothing more. @throws 1001 ill-formed or more than a user may keep, 1002 not the caller's
   */
  async add(call: CallContext, key: UserCommandKey, { value, ex }: UserCommandChanges): Promise<void> {
    checkKey(call, key);
    this.#checkSizes({ value, ex });
    const { store, unitOfWork, now } = this.#options;
    const command = { ...key, value: value ?? '', ex: ex ?? '', createdAt: now() };
    await unitOfWork.transaction(async (tx) => {
      await store.put(tx, command);
      await this.#requireQuota(tx, key.userID);
      await this.#options.notifications.userCommandChanged(tx, call, key.userID, 'added');
    });
  }

  /**
   * Changes what is given; nothing given is nothing to do, whether or not there is such a record.
   * @throws 1001 ill-formed or more than a user may keep, 1002 not the caller's, 1004 no such record
   */
  async update(call: CallContext, key: UserCommandKey, changes: UserCommandChanges): Promise<void> {
    checkKey(call, key);
    this.#checkSizes(changes);
    if (changes.value === null && changes.ex === null) return;
    const { store, unitOfWork } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      if (!(await store.update(tx, key, changes))) throw errors.recordNotFound('user command not found');
      await this.#requireQuota(tx, key.userID);
      await this.#options.notifications.userCommandChanged(tx, call, key.userID, 'updated');
    });
  }

  /** @throws 1001 ill-formed, 1002 not the caller's, 1004 no such record */
  async remove(call: CallContext, key: UserCommandKey): Promise<void> {
    checkKey(call, key);
    const { store, unitOfWork } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      if (!(await store.remove(tx, key))) throw errors.recordNotFound('user command not found');
      await this.#options.notifications.userCommandChanged(tx, call, key.userID, 'deleted');
    });
  }

  /** A user's records of one type. @throws 1001 ill-formed, 1002 not the caller's */
  async ofType(call: CallContext, userID: string, type: number): Promise<readonly UserCommand[]> {
    checkUser(userID);
    checkType(type);
    requireAccess(call, userID);
    return this.#options.store.list(userID, type, this.#options.limits.maxAnswerBytes);
  }

  /** All of a user's records. @throws 1001 ill-formed, 1002 not the caller's */
  async all(call: CallContext, userID: string): Promise<readonly UserCommand[]> {
    checkUser(userID);
    requireAccess(call, userID);
    return this.#options.store.list(userID, undefined, this.#options.limits.maxAnswerBytes);
  }

  #checkSizes({ value, ex }: UserCommandChanges): void {
    const { maxUserCommandBytes, maxExBytes } = this.#options.limits;
    requireWithin('value', value, maxUserCommandBytes);
    requireWithin('ex', ex, maxExBytes);
  }

  /** Judged after the change, which is undone if it was too much. @throws 1001 */
  async #requireQuota(tx: Transaction, userID: string): Promise<void> {
    const { store, limits } = this.#options;
    const { count, bytes } = await store.usage(tx, userID);
    if (count > limits.maxUserCommands) throw errors.args(`more than ${limits.maxUserCommands} records`);
    if (bytes > limits.userCommandsQuotaBytes) {
      throw errors.args(`the records are over ${limits.userCommandsQuotaBytes} bytes together`);
    }
  }
}

/** @throws 1001, 1002 */
function checkKey(call: CallContext, { userID, type, uuid }: UserCommandKey): void {
  checkUser(userID);
  checkType(type);
  if (uuid === '') throw errors.args('uuid is empty');
  requireAccess(call, userID);
}

function checkUser(userID: string): void {
  if (userID === '') throw errors.args('userID is empty');
}

function checkType(type: number): void {
  if (type === 0) throw errors.args('type is empty');
}
