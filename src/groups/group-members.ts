/** Who comes into a group by invitation, and who leaves it (relations-groups chapter, 8.4, 8.6, 8.7). */
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { memberInvitedNotice, memberKickedNotice, memberQuitNotice } from '../notices/catalogue/group-members.ts';
import { errors } from '../protocol/errors.ts';
import { groupRoles, groupVerification, joinSources } from '../protocol/numbers/groups.ts';
import type { UserStore } from '../users/user-store.ts';
import { Admission, admit, asGiven, idsOf } from './admission.ts';
import type { Applications, KnownUsers } from './applications.ts';
import { isManager, toMemberInfo } from './group.ts';
import type { Newcomer } from './group-change.ts';
import type { GroupChanger } from './group-changer.ts';
import type { GroupLimits } from './group-limits.ts';
import type { GroupView } from './group-view.ts';
import { memberPieces } from './member-pieces.ts';
import { requireUserList } from './user-lists.ts';

export interface GroupMembersOptions {
  readonly changer: GroupChanger;
  readonly applications: Applications;
  readonly users: Pick<UserStore, 'find'>;
  readonly limits: GroupLimits;
  /** Unix ms. */
  readonly now: () => number;
}

export class GroupMembers {
  readonly #options: GroupMembersOptions;
  readonly #admission: Admission;

  constructor(options: GroupMembersOptions) {
    this.#options = options;
    this.#admission = new Admission(options);
  }

  /**
   * Users join, or are proposed to the owner and the admins where these want to be asked; members are passed over. Notices
   * 1509, or 1503 of each.
   * @param isSendMsg whether 1509 is shown in the chat; null as the settings say
   * @param reason for the operator's receiver
   * @throws 1001 ill-formed, too many or all of them members, 1002 not in the group, 1004 no such group or user,
   * 1204 dismissed
   */
  async invite(
    call: CallContext,
    groupID: string,
    userIDs: readonly string[],
    isSendMsg: boolean | null,
    reason = '',
  ): Promise<void> {
    if (groupID === '') throw errors.args('groupID is empty');
    requireUserList('invitedUserIDs', userIDs);
    const { users, changer, applications } = this.#options;
    const known = new Map(
      (await users.find([...userIDs, call.caller.userID])).map((user) => [user.userID, user] as const),
    );
    const given = await changer.ask(call, groupID, async (hooks, view) => {
      const invited = await invitedAmong(view, userIDs, known);
      await hooks.beforeInvite(call, groupID, userIDs, reason);
      return needsApproval(view) ? undefined : this.#admission.ask(call, view.group, this.#newcomers(call, invited));
    });
    await changer.letIn(call, groupID, userIDs, async (change) => {
      const invited = await invitedAmong(change, userIDs, known);
      if (needsApproval(change)) {
        await applications.propose(change, invited, known);
        return;
      }
      await admit(change, asGiven(change, this.#newcomers(call, invited), given), (members, head) =>
        memberInvitedNotice(change.event, head, members, change.event.opUser, isSendMsg),
      );
    });
  }

  #newcomers({ caller }: CallContext, userIDs: readonly string[]): readonly Newcomer[] {
    const joinedAt = this.#options.now();
    return userIDs.map((userID) => ({
      userID,
      role: groupRoles.member,
      joinedAt,
      joinSource: joinSources.invitation,
      operatorUserID: caller.userID,
      inviterUserID: caller.userID,
    }));
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
      change.report((hooks, ...by) => hooks.hasQuit(...by, groupID, leaverID));
    });
  }

  /**
   * Members are put out: by the owner anybody, by admins ordinary members. Notice 1508.
   * @param isSendMsg whether 1508 is shown in the chat; null as the settings say
   * @param reason for the operator's receiver
   * @throws 1001 ill-formed, oneself or the owner, 1002 not the caller's to do, 1004 no such group, or dismissed,
   * 1101 one is not in the group
   */
  async kick(
    call: CallContext,
    groupID: string,
    userIDs: readonly string[],
    isSendMsg: boolean | null,
    reason = '',
  ): Promise<void> {
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
      change.report((hooks, ...by) => hooks.kicked(...by, groupID, userIDs, reason));
    });
  }
}

/** @returns those who are not in the group yet. @throws as {@link GroupMembers.invite} does */
async function invitedAmong(
  view: GroupView,
  userIDs: readonly string[],
  known: KnownUsers,
): Promise<readonly string[]> {
  view.requireAlive();
  view.requireMember();
  if (userIDs.some((userID) => !known.has(userID))) throw errors.recordNotFound('user not found');
  const members = await view.membersAmong(userIDs);
  const invited = userIDs.filter((userID) => !members.has(userID));
  if (invited.length === 0) throw errors.args('all of them are in the group');
  return invited;
}

/** Ordinary members only propose, where the group says so. */
function needsApproval({ group, caller, call }: GroupView): boolean {
  const isOrdinary = !call.caller.isAdmin && !isManager(caller);
  return group.needVerification === groupVerification.invitedByManager && isOrdinary;
}
