/** Who comes into a group by invitation, and who leaves it (relations-groups chapter, 8.4, 8.6, 8.7). */
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { memberInvitedNotice, memberKickedNotice, memberQuitNotice } from '../notices/catalogue/group-members.ts';
import { errors } from '../protocol/errors.ts';
import { groupRoles, groupVerification, joinSources } from '../protocol/numbers/groups.ts';
import type { UserStore } from '../users/user-store.ts';
import { admit, idsOf } from './admission.ts';
import type { Applications } from './applications.ts';
import { isManager, toMemberInfo } from './group.ts';
import type { GroupChange } from './group-change.ts';
import type { GroupChanger } from './group-changer.ts';
import { memberPieces } from './member-pieces.ts';
import { requireUserList } from './user-lists.ts';

export interface GroupMembersOptions {
  readonly changer: GroupChanger;
  readonly applications: Applications;
  readonly users: Pick<UserStore, 'find'>;
  /** Unix ms. */
  readonly now: () => number;
}

export class GroupMembers {
  readonly #options: GroupMembersOptions;

  constructor(options: GroupMembersOptions) {
    this.#options = options;
  }

  /**
   * Users join, or are proposed to the owner and the admins where these want to be asked; members are passed over. Notices
   * 1509, or 1503 of each.
   * @param isSendMsg whether 1509 is shown in the chat; null as the settings say
   * @throws 1001 ill-formed, too many or all of them members, 1002 not in the group, 1004 no such group or user,
   * 1204 dismissed
   */
  async invite(
    call: CallContext,
    groupID: string,
    userIDs: readonly string[],
    isSendMsg: boolean | null,
  ): Promise<void> {
    if (groupID === '') throw errors.args('groupID is empty');
    requireUserList('invitedUserIDs', userIDs);
    const users = await this.#options.users.find([...userIDs, call.caller.userID]);
    await this.#options.changer.letIn(call, groupID, userIDs, async (change) => {
      change.requireAlive();
      change.requireMember();
      const known = new Map(users.map((user) => [user.userID, user]));
      if (userIDs.some((userID) => !known.has(userID))) throw errors.recordNotFound('user not found');
      const members = await change.membersAmong(userIDs);
      const invited = userIDs.filter((userID) => !members.has(userID));
      if (invited.length === 0) throw errors.args('all of them are in the group');
      if (needsApproval(change)) await this.#options.applications.propose(change, invited, known);
      else await this.#letIn(change, invited, isSendMsg);
    });
  }

  async #letIn(change: GroupChange, userIDs: readonly string[], isSendMsg: boolean | null): Promise<void> {
    const { userID: inviterUserID } = change.call.caller;
    const joinedAt = this.#options.now();
    const newcomers = userIDs.map((userID) => ({
      userID,
      role: groupRoles.member,
      joinedAt,
      joinSource: joinSources.invitation,
      operatorUserID: inviterUserID,
      inviterUserID,
    }));
    await admit(change, newcomers, (members, head) =>
      memberInvitedNotice(change.event, head, members, change.event.opUser, isSendMsg),
    );
  }

  /**
   * A member leaves, the owner cannot. Notice 1504.
   * @param userID empty: the caller
   * @throws 1001 ill-formed, 1002 not oneself, or the owner, 1004 not in the group
   */
  async quit(call: CallContext, groupID: string, userID: string): Promise<void> {
    if (groupID === '') throw errors.args('groupID is empty');
    const leaverID = userID || call.caller.userID;
    requireAccess(call, leaverID);
    await this.#options.changer.change(call, groupID, async (change) => {
      const leaver = (await change.membersAmong([leaverID])).get(leaverID);
      if (leaver === undefined) throw errors.recordNotFound('not in the group');
      if (leaver.role === groupRoles.owner) throw errors.noPermission('the owner cannot quit');
      await change.remove([leaverID]);
      const head = await change.step('delete', [leaverID]);
      change.tell(memberQuitNotice(change.event, head, toMemberInfo(leaver)));
    });
  }

  /**
   * Members are put out: by the owner anybody, by admins ordinary members. Notice 1508.
   * @param isSendMsg whether 1508 is shown in the chat; null as the settings say
   * @throws 1001 ill-formed, oneself or the owner, 1002 not the caller's to do, 1004 no such group, or dismissed,
   * 1101 one is not in the group
   */
  async kick(call: CallContext, groupID: string, userIDs: readonly string[], isSendMsg: boolean | null): Promise<void> {
    if (groupID === '') throw errors.args('groupID is empty');
    requireUserList('kickedUserIDs', userIDs);
    await this.#options.changer.change(call, groupID, async (change) => {
      if (userIDs.includes(call.caller.userID)) throw errors.args('one cannot kick oneself');
      const { ownerUserID } = change.group;
      if (ownerUserID === '') throw errors.recordNotFound('the group has no owner');
      change.requireManager();
      if (userIDs.includes(ownerUserID)) throw errors.args('the owner cannot be kicked');
      const members = await change.membersAmong(userIDs);
      const kicked = userIDs.flatMap((userID) => members.get(userID) ?? []);
      if (kicked.length < userIDs.length) throw errors.userIDNotFound('not in the group');
      const mayKickAdmins = call.caller.isAdmin || change.caller?.role === groupRoles.owner;
      if (!mayKickAdmins && kicked.some(isManager)) throw errors.noPermission('only the owner may kick admins');
      await change.remove(userIDs);
      for (const piece of memberPieces(kicked)) {
        const head = await change.step('delete', idsOf(piece));
        change.tell(memberKickedNotice(change.event, head, piece, isSendMsg));
      }
    });
  }
}

/** Ordinary members only propose, where the group says so. */
function needsApproval({ group, caller, call }: GroupChange): boolean {
  const isOrdinary = !call.caller.isAdmin && !isManager(caller);
  return group.needVerification === groupVerification.invitedByManager && isOrdinary;
}
