/** What the operator's receiver has to say of groups (objects-push-webhooks chapter, 3.8): asked outside of transactions. */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Group, GroupMemberChanges, NewGroupMember } from './group.ts';
import type { GroupSettingChanges, SettingForm } from './group-settings.ts';
import type { MemberSetting } from './member-settings.ts';

/** Who is to be in a group, as receivers see it. */
export type JoiningMember = Pick<NewGroupMember, 'userID' | 'role'> & { readonly ex?: string };

/** Who joins of its own accord, or asks to. */
export interface JoinAsked {
  readonly groupID: string;
  readonly userID: string;
  readonly reqMsg: string;
  readonly joinSource: number;
  readonly ex: string;
}

/** What is set of the chat of who joins; what is absent is as always. */
export interface ChatSettings {
  readonly recvMsgOpt?: number;
  readonly isPinned?: boolean;
  readonly isPrivateChat?: boolean;
  readonly burnDurationSeconds?: number;
  readonly groupAtType?: number;
  readonly attachedInfo?: string;
  readonly ex?: string;
}

/**
 * What is named `before...` throws a refusal. What is given back instead of what was asked for is not checked yet. The rest
 * is told in the transaction of what happened.
 */
export interface GroupHooks {
  /** @returns the group to make instead; with another owner, that one owns it */
  beforeCreate(call: CallContext, group: Group, members: readonly JoiningMember[]): Promise<Group>;
  created(tx: Transaction, call: CallContext, group: Group, members: readonly JoiningMember[]): Promise<void>;
  /** Whichever way they come. @returns what is set of them in the group, by user */
  beforeMembersJoin(
    call: CallContext,
    group: Pick<Group, 'groupID' | 'ex'>,
    members: readonly JoiningMember[],
  ): Promise<ReadonlyMap<string, GroupMemberChanges>>;
  /** Once of all who join together (3.9). */
  beforeOpenChat(call: CallContext, groupID: string): Promise<ChatSettings>;
  chatOpened(tx: Transaction, call: CallContext, groupID: string, settings: ChatSettings): Promise<void>;
  beforeInvite(call: CallContext, groupID: string, userIDs: readonly string[], reason: string): Promise<void>;
  beforeApply(call: CallContext, group: Group, asked: JoinAsked): Promise<void>;
  /** Without being let in by anybody. */
  joined(tx: Transaction, call: CallContext, asked: JoinAsked): Promise<void>;
  hasQuit(tx: Transaction, call: CallContext, groupID: string, userID: string): Promise<void>;
  kicked(
    tx: Transaction,
    call: CallContext,
    groupID: string,
    userIDs: readonly string[],
    reason: string,
  ): Promise<void>;
  /** @param group as it was @param userIDs of all who were in it */
  dismissed(tx: Transaction, call: CallContext, group: Group, userIDs: readonly string[]): Promise<void>;
  transferred(tx: Transaction, call: CallContext, groupID: string, fromUserID: string, toUserID: string): Promise<void>;
  /** @returns what to set instead, and of which group */
  beforeSet(call: CallContext, form: SettingForm, asked: GroupSetting): Promise<GroupSetting>;
  wasSet(tx: Transaction, call: CallContext, form: SettingForm, setting: GroupSetting): Promise<void>;
  /** @returns what to set instead */
  beforeSetMember(call: CallContext, setting: MemberSetting): Promise<MemberSetting>;
  membersSet(tx: Transaction, call: CallContext, settings: readonly MemberSetting[]): Promise<void>;
}

export interface GroupSetting extends GroupSettingChanges {
  readonly groupID: string;
}
