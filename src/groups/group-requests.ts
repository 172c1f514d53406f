/** Joining groups of one's own accord, and answering those who want to (relations-groups chapter, 8.3 and 8.5). */
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import { memberEnterNotice, memberInvitedNotice } from '../notices/catalogue/group-members.ts';
import { errors } from '../protocol/errors.ts';
import { groupRoles, groupVerification, handleResults, joinSources } from '../protocol/numbers/groups.ts';
import type { UserStore } from '../users/user-store.ts';
import { admit } from './admission.ts';
import type { Applications, KnownUsers } from './applications.ts';
import { type GroupRequest, toMemberInfo, toStrangerInfo } from './group.ts';
import type { GroupChange } from './group-change.ts';
import type { GroupChanger } from './group-changer.ts';
import type { GroupLimits } from './group-limits.ts';

export interface GroupRequestsOptions {
  readonly changer: GroupChanger;
  readonly applications: Applications;
  readonly users: Pick<UserStore, 'find'>;
  readonly limits: Pick<GroupLimits, 'maxRequestMsgBytes' | 'maxExBytes'>;
  /** Unix ms. */
  readonly now: () => number;
}

export type NewGroupRequest = Pick<GroupRequest, 'groupID' | 'userID' | 'reqMsg' | 'ex' | 'joinSource'>;

export interface Answer {
  readonly groupID: string;
  /** Who wants to join. */
  readonly userID: string;
  /** See handleResults. */
  readonly result: number;
  readonly handleMsg: string;
}

export class GroupRequests {
  readonly #options: GroupRequestsOptions;

  constructor(options: GroupRequestsOptions) {
    this.#options = options;
  }

  /**
   * A user joins, with notice 1510, or asks to, with notice 1503: as the group has it.
   * @throws 1001 ill-formed, in the group already or too many, 1002 not for oneself, 1004 no such user or group,
   * 1204 dismissed
   */
  async join(call: CallContext, asked: NewGroupRequest): Promise<void> {
    const { groupID, userID, joinSource } = asked;
    const { changer, applications, limits } = this.#options;
    if (groupID === '') throw errors.args('groupID is empty');
    if (!isJoinSource(joinSource)) throw errors.args('joinSource must be 1 to 4');
    if (joinSource === joinSources.invitation && userID === '') throw errors.args('inviterUserID is empty');
    requireAccess(call, userID);
    requireWithin('reqMsg', asked.reqMsg, limits.maxRequestMsgBytes);
    requireWithin('ex', asked.ex, limits.maxExBytes);

    const users = await this.#find([userID]);
    await changer.letIn(call, groupID, [userID], async (change) => {
      if (!users.has(userID)) throw errors.recordNotFound('user not found');
      change.requireAlive();
      if ((await change.membersAmong([userID])).size > 0) throw errors.args('in the group already');
      if (change.group.needVerification !== groupVerification.nobodyAsked) {
        await applications.apply(change, asked, users);
        return;
      }
      const newcomer = this.#newcomer(change, { ...asked, inviterUserID: userID });
      await admit(change, [newcomer], ([entrant], head) => memberEnterNotice(change.event, head, entrant));
    });
  }

  /**
   * Owner or admin of the group lets a user in who has asked, or refuses. Notice 1505 or 1506; and of who joins 1510, or
   * 1509 if a member had proposed it.
   * @throws 1001 ill-formed or too many, 1002 an ordinary member, 1004 no such group, request or user, or not in the
   * group, 1204 dismissed, 1206 answered already
   */
  async answer(call: CallContext, { groupID, userID, result, handleMsg }: Answer): Promise<void> {
    const { changer, applications, limits } = this.#options;
    if (groupID === '') throw errors.args('groupID is empty');
    if (userID === '') throw errors.args('fromUserID is empty');
    if (!isVerdict(result)) throw errors.args('handleResult must be 1 or -1');
    requireWithin('handledMsg', handleMsg, limits.maxRequestMsgBytes);

    const users = await this.#find([userID]);
    await changer.letIn(call, groupID, [userID], async (change) => {
      change.requireManager(errors.recordNotFound);
      change.requireAlive();
      const request = await applications.find(change, userID);
      if (request === undefined) throw errors.recordNotFound('no such request');
      if (request.result !== handleResults.pending) throw errors.groupRequestHandled('answered already');
      if (!users.has(userID)) throw errors.recordNotFound('user not found');
      if (result === handleResults.agreed) await this.#letIn(change, request);
      await applications.answer(change, request, result, handleMsg, users);
    });
  }

  /** Who has come by another way meanwhile stays as it is. */
  async #letIn(change: GroupChange, request: GroupRequest): Promise<void> {
    const { inviterUserID } = request;
    const newcomer = this.#newcomer(change, request);
    if (inviterUserID === '') {
      await admit(change, [newcomer], ([entrant], head) => memberEnterNotice(change.event, head, entrant));
      return;
    }
    const inviter = (await change.membersAmong([inviterUserID])).get(inviterUserID);
    const inviterInfo =
      inviter === undefined ? toStrangerInfo(change.group.groupID, inviterUserID, undefined) : toMemberInfo(inviter);
    await admit(change, [newcomer], (members, head) =>
      memberInvitedNotice(change.event, head, members, inviterInfo, null),
    );
  }

  #newcomer(
    { call }: GroupChange,
    { userID, joinSource, inviterUserID }: Pick<GroupRequest, 'userID' | 'joinSource' | 'inviterUserID'>,
  ) {
    return {
      userID,
      role: groupRoles.member,
      joinedAt: this.#options.now(),
      joinSource,
      operatorUserID: call.caller.userID,
      inviterUserID,
    };
  }

  async #find(userIDs: readonly string[]): Promise<KnownUsers> {
    return new Map((await this.#options.users.find(userIDs)).map((user) => [user.userID, user]));
  }
}

function isJoinSource(value: number): boolean {
  return value >= joinSources.admin && value <= joinSources.qrCode;
}

function isVerdict(value: number): boolean {
  return value === handleResults.agreed || value === handleResults.refused;
}
