/** Taking messages back, for everybody (conversations-messages chapter, 9.7). The message stays; presentation.ts hides it. */
import type { ConversationViewStore } from '../conversations/view-store.ts';
import type { GroupMember } from '../groups/group.ts';
import type { GroupMemberStore } from '../groups/group-member-store.ts';
import type { GroupStore } from '../groups/group-store.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import type { MessageStore } from '../log/message-store.ts';
import type { RevocationStore } from '../log/revocation-store.ts';
import { type RevokedTips, revokedNotice } from '../notices/catalogue/messages.ts';
import type { Notice } from '../notices/notice.ts';
import type { Notifier } from '../notices/notifier.ts';
import { errors } from '../protocol/errors.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { groupRoles } from '../protocol/numbers/groups.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { User } from '../users/user.ts';
import type { UserStore } from '../users/user-store.ts';
import { reachableChat } from './reachable-chat.ts';

export interface RevocationsOptions {
  readonly messages: Pick<MessageStore, 'bounds' | 'bySeqs' | 'lockMessage'>;
  readonly store: RevocationStore;
  readonly views: ConversationViewStore;
  readonly users: Pick<UserStore, 'find'>;
  readonly groups: Pick<GroupStore, 'lock'>;
  readonly members: Pick<GroupMemberStore, 'find'>;
  readonly unitOfWork: UnitOfWork;
  readonly notifier: Pick<Notifier, 'notify'>;
  /** Undefined while nobody outside is told. */
  readonly hooks?: RevocationHooks | undefined;
  /** For how long senders may take back what they have said, in ms; 0 is for ever. */
  readonly withinMs: number;
  /** Unix ms. */
  readonly now: () => number;
}

/** What the operator's receiver is told (objects-push-webhooks chapter, 3.4), in the transaction of it. */
export interface RevocationHooks {
  revoked(tx: Transaction, call: CallContext, request: RevokeRequest): Promise<void>;
}

export interface RevokeRequest {
  readonly conversationID: string;
  readonly seq: number;
  /** Who takes it back. */
  readonly userID: string;
}

export class Revocations {
  readonly #options: RevocationsOptions;

  constructor(options: RevocationsOptions) {
    this.#options = options;
  }

  /**
   * Takes back one's own message; in a group the owner everybody's, an admin those of ordinary members and of who is not
   * in the group any more; an admin of the server every one. Both sides, or the group, are told (2101).
   * @throws 1001 ill-formed, 1002 not the caller's to take back, or too late; 1004 no such user, or no such message that the
   * user may read; 1404 it was taken back already
   */
  async revoke(call: CallContext, { conversationID, seq, userID }: RevokeRequest): Promise<void> {
    if (conversationID === '') throw errors.args('conversationID is empty');
    if (seq < 1) throw errors.args('seq is below 1');
    if (userID === '') throw errors.args('userID is empty');
    requireAccess(call, userID);
    const { messages, users, views, store, unitOfWork, notifier, hooks, now } = this.#options;
    const [user] = await users.find([userID]);
    if (user === undefined) throw errors.recordNotFound('user not found');
    const { logID, lower, upper } = await reachableChat({ views, messages }, call, userID, conversationID);
    const [stored] = seq < lower || seq > upper ? [] : await messages.bySeqs(userID, logID, [seq]);
    if (stored === undefined) throw errors.recordNotFound('message not found');
    const message = MsgData.decode(stored.body);

    await unitOfWork.transaction(async (tx) => {
      const { role, isInGroup } = await this.#requireMay(tx, call, user, message);
      // It may have been erased meanwhile.
      if ((await messages.lockMessage(tx, { logID, seq })) === undefined)
        throw errors.recordNotFound('message not found');
      const revokedAt = now();
      const revocation = { revokerID: userID, revokerNickname: user.nickname, revokerRole: role, revokedAt };
      if (!(await store.revoke(tx, { logID, seq }, revocation))) throw errors.msgAlreadyRevoked('revoked already');
      const tips: RevokedTips = {
        revokerUserID: call.caller.userID,
        clientMsgID: message.clientMsgID,
        revokeTime: revokedAt,
        sesstionType: message.sessionType,
        seq,
        conversationID,
        isAdminRevoke: call.caller.isAdmin,
      };
      await notifier.notify(tx, call, ...noticesOf(userID, message, tips, isInGroup));
      await hooks?.revoked(tx, call, { conversationID, seq, userID });
    });
  }

  /** @returns as what the user does it. @throws 1002 */
  async #requireMay(tx: Transaction, { caller }: CallContext, user: User, message: MsgData): Promise<Standing> {
    const isGroup = message.sessionType === sessionTypes.group;
    const { own, author } = isGroup ? await this.#members(tx, user.userID, message) : nobody;
    const isInGroup = own !== undefined;
    if (caller.isAdmin) return { role: 0, isInGroup };
    if (!isGroup && message.sessionType !== sessionTypes.single) throw errors.noPermission('not a message of a user');
    const isManager = own?.role === groupRoles.owner || own?.role === groupRoles.admin;
    const isOwn = user.userID === message.sendID;
    if (isOwn && !isManager) this.#requireEarlyEnough(message);
    if (!isOwn && !maySilence(own, author)) throw errors.noPermission('not a message of the user');
    return { role: isGroup ? (own?.role ?? 0) : user.appManagerLevel, isInGroup };
  }

  async #members(tx: Transaction, userID: string, { groupID, sendID }: MsgData): Promise<Involved> {
    // Roles stay as they are until this is done.
    await this.#options.groups.lock(tx, groupID);
    const found = await this.#options.members.find(groupID, [...new Set([userID, sendID])], tx);
    const of = (wanted: string) => found.find((member) => member.userID === wanted);
    return { own: of(userID), author: of(sendID) };
  }

  #requireEarlyEnough({ sendTime }: MsgData): void {
    const { withinMs, now } = this.#options;
    if (withinMs > 0 && now() - sendTime > withinMs) throw errors.noPermission('too late to take it back');
  }
}

/** As what somebody takes a message back, and whether the notice to the group reaches them. */
interface Standing {
  readonly role: number;
  readonly isInGroup: boolean;
}

/** Who takes a message of a group back, and who has sent it; undefined who is not in the group. */
interface Involved {
  readonly own: GroupMember | undefined;
  readonly author: GroupMember | undefined;
}

const nobody: Involved = { own: undefined, author: undefined };

/** Whether a member may take back what another one has said. */
function maySilence(own: GroupMember | undefined, author: GroupMember | undefined): boolean {
  if (own?.role === groupRoles.owner) return true;
  const isOrdinary = author === undefined || author.role === groupRoles.member;
  return own?.role === groupRoles.admin && isOrdinary;
}

/** To everybody who can read the message: an admin of the server may be none of them, and who has left hears no group. */
function noticesOf(userID: string, message: MsgData, tips: RevokedTips, isInGroup: boolean): Notice<RevokedTips>[] {
  const { sessionType, sendID, recvID, groupID } = message;
  if (sessionType !== sessionTypes.group) {
    return [
      userID === recvID ? revokedNotice(recvID, { recvID: sendID }, tips) : revokedNotice(sendID, { recvID }, tips),
    ];
  }
  const toGroup = revokedNotice(userID, { groupID }, tips);
  const isOwn = userID === sendID;
  return isInGroup || !isOwn ? [toGroup] : [toGroup, revokedNotice(userID, { recvID: userID }, tips)];
}
