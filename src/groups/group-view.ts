/** A group as somebody finds it who wants to change it: what the caller may do there. */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { type ErrorFactory, errors } from '../protocol/errors.ts';
import { type Group, type GroupMember, isDismissed, isManager } from './group.ts';
import type { GroupMemberStore } from './group-member-store.ts';

export interface GroupViewStart {
  readonly call: CallContext;
  /** Undefined of a group that is only looked at, which others may change meanwhile. */
  readonly tx?: Transaction;
  readonly group: Group;
  /** The caller's membership. */
  readonly caller: GroupMember | undefined;
}

export class GroupView {
  readonly call: CallContext;
  readonly tx: Transaction | undefined;
  protected readonly now: { group: Group; caller: GroupMember | undefined };
  readonly #members: Pick<GroupMemberStore, 'find'>;

  constructor(members: Pick<GroupMemberStore, 'find'>, { call, tx, group, caller }: GroupViewStart) {
    this.#members = members;
    this.call = call;
    this.tx = tx;
    this.now = { group, caller };
  }

  /** As it is by now. */
  get group(): Group {
    return this.now.group;
  }

  /** The caller's membership as it is by now. */
  get caller(): GroupMember | undefined {
    return this.now.caller;
  }

  /** @throws 1204 */
  requireAlive(): void {
    if (isDismissed(this.group)) throw errors.dismissedAlready('the group is dismissed');
  }

  /** Member of the group, or IM admin. @throws 1002 */
  requireMember(): void {
    if (this.caller === undefined && !this.call.caller.isAdmin) throw errors.noPermission('not in the group');
  }

  /** Owner or admin of the group, or IM admin. @throws 1002, and `outsider` for who is not in the group */
  requireManager(outsider: ErrorFactory = errors.noPermission): void {
    if (this.call.caller.isAdmin) return;
    if (this.caller === undefined) throw outsider('not in the group');
    if (!isManager(this.caller)) throw errors.noPermission('neither owner nor admin of the group');
  }

  /** The memberships among `userIDs`, by user. */
  async membersAmong(userIDs: readonly string[]): Promise<ReadonlyMap<string, GroupMember>> {
    const found = await this.#members.find(this.group.groupID, userIDs, this.tx);
    return new Map(found.map((member) => [member.userID, member]));
  }
}
