/** Opens changes of groups: each call is one transaction, which begins with the lock of its group. */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import type { User } from '../users/user.ts';
import type { UserStore } from '../users/user-store.ts';
import type { Group } from './group.ts';
import { GroupChange, type GroupChangeTools } from './group-change.ts';
import type { GroupHooks } from './group-hooks.ts';
import { GroupView } from './group-view.ts';

export interface GroupChangerOptions extends GroupChangeTools {
  readonly users: Pick<UserStore, 'find' | 'hold'>;
  readonly unitOfWork: UnitOfWork;
}

export class GroupChanger {
  readonly #options: GroupChangerOptions;

  constructor(options: GroupChangerOptions) {
    this.#options = options;
  }

  /** Undefined while nobody outside is asked. */
  get hooks(): GroupHooks | undefined {
    return this.#options.hooks;
  }

  /**
   * Asks the operator's receiver, if there is one, before a change is begun. @param ask makes sure first that the change is
   * allowed as the group is by now
   * @returns undefined if nobody is asked
   * @throws 1004 if there is no such group, and what `ask` throws
   */
  async ask<Answer>(
    call: CallContext,
    groupID: string,
    ask: (hooks: GroupHooks, view: GroupView) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const { hooks, groups, members } = this.#options;
    if (hooks === undefined) return undefined;
    const group = await groups.find(groupID);
    if (group === undefined) throw errors.recordNotFound('group not found');
    const [caller] = await members.find(groupID, [call.caller.userID]);
    return ask(hooks, new GroupView(members, { call, group, caller }));
  }

  /**
   * Makes a group, without members yet. @param work adds these users, and tells
   * @returns the group afterwards; undefined, with nothing done, if its ID is taken
   */
  async create(
    call: CallContext,
    group: Group,
    userIDs: readonly string[],
    work: (change: GroupChange) => Promise<void>,
  ): Promise<Group | undefined> {
    const profile = await this.#profileOf(call);
    return this.#options.unitOfWork.transaction(async (tx) => {
      await this.#options.users.hold(tx, userIDs);
      if (!(await this.#options.groups.add(tx, group))) return undefined;
      const change = new GroupChange(this.#options, { tx, call, group, caller: undefined, profile, isNew: true });
      await work(change);
      await change.finish();
      return change.group;
    });
  }

  /** Changes a group. @throws 1004 if there is no such group, and what `work` throws */
  async change(call: CallContext, groupID: string, work: (change: GroupChange) => Promise<void>): Promise<void> {
    const profile = await this.#profileOf(call);
    await this.#options.unitOfWork.transaction((tx) => this.#change({ tx, call, profile }, groupID, work));
  }

  /**
   * {@link change} by which these users may come into the group, where their profiles show from then on. Those are held
   * before the group is, as by whoever changes a profile and then tells the groups.
   */
  async letIn(
    call: CallContext,
    groupID: string,
    userIDs: readonly string[],
    work: (change: GroupChange) => Promise<void>,
  ): Promise<void> {
    const profile = await this.#profileOf(call);
    await this.#options.unitOfWork.transaction(async (tx) => {
      await this.#options.users.hold(tx, userIDs);
      await this.#change({ tx, call, profile }, groupID, work);
    });
  }

  /** Changes several groups, or none of them. @param userIDs whose profiles may show in them from then on. @throws what {@link change} does */
  async changeAll(
    call: CallContext,
    groupIDs: readonly string[],
    userIDs: readonly string[],
    work: (change: GroupChange) => Promise<void>,
  ): Promise<void> {
    const profile = await this.#profileOf(call);
    await this.#options.unitOfWork.transaction(async (tx) => {
      await this.#options.users.hold(tx, userIDs);
      // In one order everywhere: who waits for a lock then holds none that is waited for.
      for (const groupID of groupIDs.toSorted()) await this.#change({ tx, call, profile }, groupID, work);
    });
  }

  async #change(
    start: { readonly tx: Transaction; readonly call: CallContext; readonly profile: User | undefined },
    groupID: string,
    work: (change: GroupChange) => Promise<void>,
  ): Promise<void> {
    const group = await this.#options.groups.lock(start.tx, groupID);
    if (group === undefined) throw errors.recordNotFound('group not found');
    const [caller] = await this.#options.members.find(groupID, [start.call.caller.userID], start.tx);
    const change = new GroupChange(this.#options, { ...start, group, caller });
    await work(change);
    await change.finish();
  }

  /** Notices show an IM admin with its profile, whether it is in the group or not. */
  async #profileOf({ caller }: CallContext): Promise<User | undefined> {
    if (!caller.isAdmin) return undefined;
    const [user] = await this.#options.users.find([caller.userID]);
    return user;
  }
}
