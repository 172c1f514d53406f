/** What the receiver is asked and told of groups (objects-push-webhooks chapter, 3.8). */
import { type Group, type GroupMemberChanges, toGroupInfo } from '../groups/group.ts';
import type { ChatSettings, GroupHooks, GroupSetting, JoinAsked, JoiningMember } from '../groups/group-hooks.ts';
import type { SettingForm } from '../groups/group-settings.ts';
import type { MemberSetting } from '../groups/member-settings.ts';
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { groupChatID } from '../protocol/conversation-id.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import { bodyOf, changesOf } from './conversation-webhooks.ts';
import type { HookName } from './hook-table.ts';
import { int32OrNull, replaced, textOrNull, wrong } from './reply-fields.ts';
import type { WebhookReply } from './webhook-client.ts';
import type { Webhooks } from './webhooks.ts';

export class GroupWebhooks implements GroupHooks {
  readonly #webhooks: Webhooks;

  constructor(webhooks: Webhooks) {
    this.#webhooks = webhooks;
  }

  async beforeCreate(call: CallContext, group: Group, members: readonly JoiningMember[]): Promise<Group> {
    const { operationID } = call;
    const body = { operationID, ...toGroupInfo(group), initMemberList: members.map(toRole) };
    const reply = await this.#webhooks.ask('beforeCreateGroup', call, body);
    return {
      ...group,
      groupID: replaced(reply, 'groupID', group.groupID),
      name: replaced(reply, 'groupName', group.name),
      notification: replaced(reply, 'notification', group.notification),
      introduction: replaced(reply, 'introduction', group.introduction),
      faceURL: replaced(reply, 'faceURL', group.faceURL),
      ownerUserID: replaced(reply, 'ownerUserID', group.ownerUserID),
      ex: replaced(reply, 'ex', group.ex),
      status: replaced(reply, 'status', group.status),
      creatorUserID: replaced(reply, 'creatorUserID', group.creatorUserID),
      groupType: replaced(reply, 'groupType', group.groupType),
      needVerification: replaced(reply, 'needVerification', group.needVerification),
      lookMemberInfo: replaced(reply, 'lookMemberInfo', group.lookMemberInfo),
    };
  }

  async created(tx: Transaction, call: CallContext, group: Group, members: readonly JoiningMember[]): Promise<void> {
    const body = { ...toGroupInfo(group), initMemberList: members.map(toRole) };
    await this.#tell(tx, 'afterCreateGroup', call, group.groupID, body);
  }

  async beforeMembersJoin(
    call: CallContext,
    { groupID, ex: groupEx }: Pick<Group, 'groupID' | 'ex'>,
    members: readonly JoiningMember[],
  ): Promise<ReadonlyMap<string, GroupMemberChanges>> {
    const memberList = members.map(({ userID, ex = '' }) => ({ userID, ex }));
    const reply = await this.#webhooks.ask('beforeMemberJoinGroup', call, { groupID, memberList, groupEx });
    const given = reply?.memberCallbackList;
    if (!Array.isArray(given)) return new Map();
    return new Map(given.flatMap((one) => (typeof one?.userID === 'string' ? [[one.userID, ownOf(one)]] : [])));
  }

  async beforeOpenChat(call: CallContext, groupID: string): Promise<ChatSettings> {
    const name = 'beforeCreateGroupChatConversations';
    return changesOf(await this.#webhooks.ask(name, call, bodyOf(chatOf(groupID, {}))));
  }

  async chatOpened(tx: Transaction, call: CallContext, groupID: string, settings: ChatSettings): Promise<void> {
    const body = bodyOf(chatOf(groupID, settings));
    await this.#tell(tx, 'afterCreateGroupChatConversations', call, groupID, body);
  }

  async beforeInvite(
    call: CallContext,
    groupID: string,
    invitedUserIDs: readonly string[],
    reason: string,
  ): Promise<void> {
    const { operationID } = call;
    await this.#webhooks.ask('beforeInviteUserToGroup', call, { operationID, groupID, reason, invitedUserIDs });
  }

  async beforeApply(
    call: CallContext,
    { groupID, groupType }: Group,
    { userID: applyID, reqMsg: reqMessage, ex }: JoinAsked,
  ): Promise<void> {
    const body = { groupID, groupType: `${groupType}`, applyID, reqMessage, ex };
    await this.#webhooks.ask('beforeApplyJoinGroup', call, body);
  }

  async joined(tx: Transaction, call: CallContext, { groupID, userID, reqMsg, joinSource }: JoinAsked): Promise<void> {
    const { operationID } = call;
    const body = { operationID, groupID, reqMessage: reqMsg, joinSource, inviterUserID: userID };
    await this.#tell(tx, 'afterJoinGroup', call, groupID, body);
  }

  async hasQuit(tx: Transaction, call: CallContext, groupID: string, userID: string): Promise<void> {
    await this.#tell(tx, 'afterQuitGroup', call, groupID, { groupID, userID });
  }

  async kicked(
    tx: Transaction,
    call: CallContext,
    groupID: string,
    kickedUserIDs: readonly string[],
    reason: string,
  ): Promise<void> {
    await this.#tell(tx, 'afterKickGroupMember', call, groupID, { groupID, kickedUserIDs, reason });
  }

  async dismissed(tx: Transaction, call: CallContext, group: Group, membersID: readonly string[]): Promise<void> {
    const { groupID, ownerUserID: ownerID, groupType } = group;
    const body = { groupID, ownerID, groupType: `${groupType}`, membersID };
    await this.#tell(tx, 'afterDismissGroup', call, groupID, body);
  }

  async transferred(
    tx: Transaction,
    call: CallContext,
    groupID: string,
    oldOwnerUserID: string,
    newOwnerUserID: string,
  ): Promise<void> {
    const body = { groupID, oldOwnerUserID, newOwnerUserID };
    await this.#tell(tx, 'afterTransferGroupOwner', call, groupID, body);
  }

  async beforeSet(call: CallContext, form: SettingForm, setting: GroupSetting): Promise<GroupSetting> {
    const name = form === 'ex' ? 'beforeSetGroupInfoEx' : 'beforeSetGroupInfo';
    const reply = await this.#webhooks.ask(name, call, settingBody(setting, form === 'ex' ? nulls : asked));
    return {
      ...setting,
      groupID: replaced(reply, 'groupID', setting.groupID),
      name: textOrNull(reply, 'groupName', setting.name),
      introduction: textOrNull(reply, 'introduction', setting.introduction),
      faceURL: textOrNull(reply, 'faceURL', setting.faceURL),
      ex: textOrNull(reply, 'ex', setting.ex),
      needVerification: int32OrNull(reply, 'needVerification', setting.needVerification),
      lookMemberInfo: int32OrNull(reply, 'lookMemberInfo', setting.lookMemberInfo),
      applyMemberFriend: int32OrNull(reply, 'applyMemberFriend', setting.applyMemberFriend),
    };
  }

  async wasSet(tx: Transaction, call: CallContext, form: SettingForm, setting: GroupSetting): Promise<void> {
    const name = form === 'ex' ? 'afterSetGroupInfoEx' : 'afterSetGroupInfo';
    const body = settingBody(setting, form === 'ex' ? nulls : told);
    await this.#tell(tx, name, call, setting.groupID, body);
  }

  async beforeSetMember(call: CallContext, setting: MemberSetting): Promise<MemberSetting> {
    const reply = await this.#webhooks.ask('beforeSetGroupMemberInfo', call, memberBody(setting));
    return {
      ...setting,
      nickname: textOrNull(reply, 'nickName', setting.nickname),
      faceURL: textOrNull(reply, 'faceURL', setting.faceURL),
      role: int32OrNull(reply, 'roleLevel', setting.role),
      ex: textOrNull(reply, 'ex', setting.ex),
    };
  }

  async membersSet(tx: Transaction, { operationID }: CallContext, settings: readonly MemberSetting[]): Promise<void> {
    const told = settings.map((setting) => ({
      key: groupChatID(setting.groupID),
      operationID,
      body: memberBody(setting),
    }));
    await this.#webhooks.tell(tx, 'afterSetGroupMemberInfo', ...told);
  }

  async #tell(tx: Transaction, name: HookName, { operationID }: CallContext, groupID: string, body: object) {
    await this.#webhooks.tell(tx, name, { key: groupChatID(groupID), operationID, body });
  }
}

/** Of whoever joins. */
function chatOf(groupID: string, settings: ChatSettings) {
  const conversationID = groupChatID(groupID);
  return { ownerUserID: '', conversationID, conversationType: sessionTypes.group, userID: '', groupID, ...settings };
}

const toRole = ({ userID, role: roleLevel }: JoiningMember) => ({ userID, roleLevel });

/** @throws 1001 */
function ownOf(one: WebhookReply): GroupMemberChanges {
  const given = {
    nickname: textOrNull(one, 'nickname', null),
    faceURL: textOrNull(one, 'faceURL', null),
    ex: textOrNull(one, 'ex', null),
    role: int32OrNull(one, 'roleLevel', null),
    mutedUntil: replaced(one, 'muteEndTime', 0) || null,
  };
  if ((given.mutedUntil ?? 0) < 0) throw wrong('muteEndTime');
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
}

interface SettingWords {
  readonly text: string | null;
  readonly ex: string | null;
  readonly number: number | null;
}

/** How each of the hooks says that a value stays as it is. */
const asked: SettingWords = { text: '', ex: '', number: 0 };
const told: SettingWords = { text: '', ex: null, number: null };
const nulls: SettingWords = { text: null, ex: null, number: null };

function settingBody(setting: GroupSetting, kept: SettingWords): object {
  return {
    operationID: '',
    groupID: setting.groupID,
    groupName: setting.name ?? kept.text,
    notification: setting.notification ?? kept.text,
    introduction: setting.introduction ?? kept.text,
    faceURL: setting.faceURL ?? kept.text,
    ex: setting.ex ?? kept.ex,
    needVerification: setting.needVerification ?? kept.number,
    lookMemberInfo: setting.lookMemberInfo ?? kept.number,
    applyMemberFriend: setting.applyMemberFriend ?? kept.number,
  };
}

/** Its name is spelt `nickName` here. */
function memberBody({ groupID, userID, nickname: nickName, faceURL, role: roleLevel, ex }: MemberSetting): object {
  return { groupID, userID, nickName, faceURL, roleLevel, ex };
}
