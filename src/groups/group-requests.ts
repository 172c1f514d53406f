/** Joining groups of one's own accord, and answering those who want to (relations-groups chapter, 8.3 and 8.5). */
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import { memberEnterNotice, memberInvitedNotice } from '../notices/catalogue/group-members.ts';
import { errors } from '../protocol/errors.ts';
import { groupRoles, groupVerification, handleResults, joinSources } from '../protocol/numbers/groups.ts';
import type { UserStore } from '../users/user-store.ts';
import { Admission, admit, asGiven, type Given } from './admission.ts';
import type { Applications, KnownUsers } from './applications.ts';
import { type GroupRequest, toMemberInfo, toStrangerInfo } from './group.ts';
import type { GroupChange, Newcomer } from './group-change.ts';
import type { GroupChanger } from './group-changer.ts';
import type { GroupLimits } from './group-limits.ts';
import type { GroupView } from './group-view.ts';

export interface GroupRequestsOptions {
  readonly changer: GroupChanger;
  readonly applications: Applications;
  readonly users: Pick<UserStore, 'find'>;
  readonly limits: GroupLimits;
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
  readonly #admission: Admission;

  constructor(options: GroupRequestsOptions) {
    this.#options = options;
    this.#admission = new Admission(options);
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
    const newcomer = this.#newcomer(call, { ...asked, inviterUserID: userID });
    const given = await changer.ask(call, groupID, async (hooks, view) => {
      await requireMayJoin(view, userID, users);
      await hooks.beforeApply(call, view.group, asked);
      return isOpen(view) ? this.#admission.ask(call, view.group, [newcomer]) : undefined;
    });
    await changer.letIn(call, groupID, [userID], async (change) => {
      await requireMayJoin(change, userID, users);
      if (!isOpen(change)) {
        await applications.apply(change, asked, users);
        return;
      }
      await admit(change, asGiven(change, [newcomer], given), ([entrant], head) =>
        memberEnterNotice(change.event, head, entrant),
      );
      change.report((hooks, ...by) => hooks.joined(...by, asked));
    });
  }

  /**
   * Owner or admin of the group lets a user in who has asked, or refuses. Notice 1505 or 1506; and of who joins 1510, or
   * 1509 if a member had proposed it.
   * @throws 1001 ill-formed or too many, 1002 an ordinary member, 1004 no such group, request or user, or not in the
   * group, 1204 dismissed, 1206 answered already
   */
  async answer(call: CallContext, answer: Answer): Promise<void> {
    const { groupID, userID, result, handleMsg } = answer;
    const { changer, applications, limits } = this.#options;
    if (groupID === '') throw errors.args('groupID is empty');
    if (userID === '') throw errors.args('fromUserID is empty');
    if (!isVerdict(result)) throw errors.args('handleResult must be 1 or -1');
    requireWithin('handledMsg', handleMsg, limits.maxRequestMsgBytes);

    const users = await this.#find([userID]);
    const isAgreed = result === handleResults.agreed;
    const given = await changer.ask(call, groupID, async (_hooks, view) => {
      const request = await this.#pending(view, userID, users);
      const isMember = (await view.membersAmong([userID])).size > 0;
      if (!isAgreed || isMember) return undefined;
      return this.#admission.ask(call, view.group, [this.#newcomer(call, request)]);
    });
    await changer.letIn(call, groupID, [userID], async (change) => {
      const request = await this.#pending(change, userID, users);
      if (isAgreed) await this.#letIn(change, request, given);
      await applications.answer(change, request, result, handleMsg, users);
    });
  }

  /** The request that is to be answered. @throws 1002, 1004, 1204, 1206 as {@link answer} does */
  async #pending(view: GroupView, userID: string, users: KnownUsers): Promise<GroupRequest> {
    view.requireManager(errors.recordNotFound);
    view.requireAlive();
    const request = await this.#options.applications.find(view, userID);
    if (request === undefined) throw errors.recordNotFound('no such request');
    if (request.result !== handleResults.pending) throw errors.groupRequestHandled('answered already');
    if (!users.has(userID)) throw errors.recordNotFound('user not found');
    return request;
  }

  /** Who has come by another way meanwhile stays as it is. */
  async #letIn(change: GroupChange, request: GroupRequest, given: Given | undefined): Promise<void> {
    const { inviterUserID } = request;
    const newcomers = asGiven(change, [this.#newcomer(change.call, request)], given);
    if (inviterUserID === '') {
      await admit(change, newcomers, ([entrant], head) => memberEnterNotice(change.event, head, entrant));
      return;
    }
    const inviter = (await change.membersAmong([inviterUserID])).get(inviterUserID);
    const inviterInfo =
      inviter === undefined ? toStrangerInfo(change.group.groupID, inviterUserID, undefined) : toMemberInfo(inviter);
    await admit(change, newcomers, (members, head) =>
      memberInvitedNotice(change.event, head, members, inviterInfo, null),
    );
  }

  #newcomer(
    { caller }: CallContext,
    { userID, joinSource, inviterUserID }: Pick<GroupRequest, 'userID' | 'joinSource' | 'inviterUserID'>,
  ): Newcomer {
    return {
      userID,
      role: groupRoles.member,
      joinedAt: this.#options.now(),
      joinSource,
      operatorUserID: caller.userID,
      inviterUserID,
    };
  }

  async #find(userIDs: readonly string[]): Promise<KnownUsers> {
    return new Map((await this.#options.users.find(userIDs)).map((user) => [user.userID, user]));
  }
}

/** @throws 1001 in the group already, 1004 no such user, 1204 */
async function requireMayJoin(view: GroupView, userID: string, users: KnownUsers): Promise<void> {
  if (!users.has(userID)) throw errors.recordNotFound('user not found');
  view.requireAlive();
  if ((await view.membersAmong([userID])).size > 0) throw errors.args('in the group already');
}

function isOpen({ group }: GroupView): boolean {
  return group.needVerification === groupVerification.nobodyAsked;
}

function isJoinSource(value: number): boolean {
  return value >= joinSources.admin && value <= joinSources.qrCode;
}

function isVerdict(value: number): boolean {
  return value === handleResults.agreed || value === handleResults.refused;
}
