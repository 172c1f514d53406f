/** Whose a group is, and its end (relations-groups chapter, 8.8 and 8.9). */
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { memberMuteCancelledNotice } from '../notices/catalogue/group-members.ts';
import { groupDismissedNotice, ownerTransferredNotice } from '../notices/catalogue/groups.ts';
import { errors } from '../protocol/errors.ts';
import { groupRoles } from '../protocol/numbers/groups.ts';
import { type GroupMember, toMemberInfo } from './group.ts';
import type { GroupChange } from './group-change.ts';
import type { GroupChanger } from './group-changer.ts';

export interface GroupOwnershipOptions {
  readonly changer: GroupChanger;
  /** Unix ms. */
  readonly now: () => number;
}

export class GroupOwnership {
  readonly #options: GroupOwnershipOptions;

  constructor(options: GroupOwnershipOptions) {
    this.#options = options;
  }

  /**
   * Another member is the owner from now on; the old one has the other's role. Notice 1507, and 1513 before it if the new
   * owner was muted.
   * @throws 1001 ill-formed, not members, or not the owner, 1002 not the caller's to give, 1004 no such group,
   * 1204 dismissed
   */
  async transfer(call: CallContext, groupID: string, oldOwnerUserID: string, newOwnerUserID: string): Promise<void> {
    if (groupID === '') throw errors.args('groupID is empty');
    if (oldOwnerUserID === '' || newOwnerUserID === '') throw errors.args('an owner is empty');
    if (oldOwnerUserID === newOwnerUserID) throw errors.args('both owners are the same');
    requireAccess(call, oldOwnerUserID);
    await this.#options.changer.change(call, groupID, async (change) => {
      change.requireAlive();
      const members = await change.membersAmong([oldOwnerUserID, newOwnerUserID]);
      const oldOwner = members.get(oldOwnerUserID);
      const newOwner = members.get(newOwnerUserID);
      if (oldOwner === undefined || newOwner === undefined) throw errors.args('not in the group');
      if (oldOwner.role !== groupRoles.owner) {
        throw call.caller.isAdmin ? errors.args('not the owner') : errors.noPermission('not the owner');
      }
      await this.#hand(change, oldOwner, await this.#unmuted(change, newOwner));
      change.report((hooks, ...by) => hooks.transferred(...by, groupID, oldOwnerUserID, newOwnerUserID));
    });
  }

  async #unmuted(change: GroupChange, member: GroupMember): Promise<GroupMember> {
    if (member.mutedUntil < this.#options.now()) return member;
    const unmuted = await change.updateMember(member, { mutedUntil: 0 });
    const head = await change.step('update', [member.userID]);
    change.tell(memberMuteCancelledNotice(change.event, head, toMemberInfo(unmuted)));
    return unmuted;
  }

  async #hand(change: GroupChange, from: GroupMember, to: GroupMember): Promise<void> {
    const oldOwner = await change.updateMember(from, { role: to.role });
    const newOwner = await change.updateMember(to, { role: groupRoles.owner });
    await change.update({ ownerUserID: to.userID });
    const head = await change.step('update', [from.userID, to.userID], { isResorted: true });
    change.tell(ownerTransferredNotice(change.event, head, toMemberInfo(newOwner), toMemberInfo(oldOwner)));
  }

  /**
   * Ends a group at once: nobody is in it any more, and nothing can be said in it; its members keep what was said. Notice
   * 1511.
   * @param isSendMsg whether 1511 is shown in the chat; null as the settings say
   * @throws 1001 ill-formed, 1002 not the owner, 1004 no such group, or dismissed already
   */
  async dismiss(call: CallContext, groupID: string, isSendMsg: boolean | null): Promise<void> {
    if (groupID === '') throw errors.args('groupID is empty');
    await this.#options.changer.change(call, groupID, async (change) => {
      if (change.group.ownerUserID === '') throw errors.recordNotFound('the group has no owner');
      const isOwner = change.caller?.role === groupRoles.owner;
      if (!isOwner && !call.caller.isAdmin) throw errors.noPermission('not the owner of the group');
      const group = change.group;
      const userIDs = await change.dissolve();
      change.report((hooks, ...by) => hooks.dismissed(...by, group, userIDs));
      change.tell(groupDismissedNotice(change.event, isSendMsg));
    });
  }
}
