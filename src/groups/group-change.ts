/**
 * A change of one group, within one transaction: the group is locked, and what follows from every change (counts,
 * versions, notices, conversations) is written here and nowhere else (relations-groups chapter, 9.3, 10.2 and 12).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { conversationNotice, groupConversationNotice } from '../notices/catalogue/conversations.ts';
import type { GroupEvent, MemberVersion } from '../notices/catalogue/group-event.ts';
import type { Notice } from '../notices/notice.ts';
import type { Notifier } from '../notices/notifier.ts';
import { groupChatID } from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import { groupStatuses } from '../protocol/numbers/groups.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { ChangeState } from '../sync/version-log-store.ts';
import type { User } from '../users/user.ts';
import {
  type GroupChanges,
  type GroupMember,
  type GroupMemberChanges,
  type NewGroupMember,
  opUserOf,
  toGroupInfo,
} from './group.ts';
import type { ChatSettings, GroupHooks } from './group-hooks.ts';
import type { GroupLimits } from './group-limits.ts';
import type { GroupMemberStore } from './group-member-store.ts';
import type { GroupStore } from './group-store.ts';
import { GroupView, type GroupViewStart } from './group-view.ts';
import type { MembershipFeed } from './membership-feed.ts';

/** The conversations domain's part: the chat of a group in the lists of its members. */
export interface GroupChats {
  /**
   * Users are in the group from now on. @param options.fromSeq the first message that they may read; all by default
   * @param options.settings of conversations that are new. @throws 1001 settings that cannot be
   * @returns those whose conversation is new or has changed
   */
  openGroupChat(
    tx: Transaction,
    groupID: string,
    userIDs: readonly string[],
    options: { readonly fromSeq?: number; readonly settings?: ChatSettings },
  ): Promise<readonly string[]>;
  /** Users are no longer in the group, and may read up to `lastSeq`. @returns those whose conversation has changed */
  closeGroupChat(
    tx: Transaction,
    groupID: string,
    userIDs: readonly string[],
    lastSeq: number,
  ): Promise<readonly string[]>;
  /** The group has an announcement that its members have not seen. */
  announce(tx: Transaction, groupID: string): Promise<void>;
  /** Until the transaction ends nobody says anything in the group. @returns the newest seq of its chat; 0 if there is none */
  lock(tx: Transaction, groupID: string): Promise<number>;
}

/** What changes of groups are made with. */
export interface GroupChangeTools {
  readonly groups: GroupStore;
  readonly members: GroupMemberStore;
  readonly versionLog: Pick<VersionLog, 'record' | 'drop'>;
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly feed: Pick<MembershipFeed, 'announce'>;
  readonly chats: GroupChats;
  readonly limits: Pick<GroupLimits, 'maxGroupMembers' | 'maxJoinedGroups'>;
  /** Undefined while nobody outside is asked and told. */
  readonly hooks?: GroupHooks | undefined;
  /** Who joins may read what was written before. */
  readonly historyForNewMembers: boolean;
}

/** Who is to be in a group; without a name, a face and an ex of its own in it, and not muted, unless it says so. */
export type Newcomer = Omit<NewGroupMember, 'groupID' | OwnInGroup> & Partial<Pick<NewGroupMember, OwnInGroup>>;

type OwnInGroup = 'nickname' | 'faceURL' | 'ex' | 'mutedUntil';

export interface GroupChangeStart extends GroupViewStart {
  readonly tx: Transaction;
  /** The caller's profile, needed if it is an IM admin. */
  readonly profile: User | undefined;
  readonly isNew?: boolean;
}

export class GroupChange extends GroupView {
  declare readonly tx: Transaction;
  readonly #tools: GroupChangeTools;
  readonly #profile: User | undefined;
  readonly #isNew: boolean;
  readonly #notices: Notice<object>[] = [];
  readonly #reports: Parameters<GroupChange['report']>[0][] = [];
  #joined: readonly string[] = [];
  #left: readonly string[] = [];
  #chatSettings: ChatSettings = {};
  /** Its members keep its chat as it is. */
  #isDissolved = false;
  #isAnnounced = false;
  /** Of the group's version log, once there was a step. */
  #version: MemberVersion | undefined;

  constructor(tools: GroupChangeTools, { profile, isNew = false, ...start }: GroupChangeStart) {
    super(tools.members, start);
    this.#tools = tools;
    this.#profile = profile;
    this.#isNew = isNew;
  }

  /** What notices say of whose doing it was, and of the group. */
  get event(): GroupEvent {
    const opUser = opUserOf(this.call.caller, this.group.groupID, this.caller, this.#profile);
    return { group: toGroupInfo(this.group), opUser };
  }

  /** The first of owner and admins, in the group's order. */
  managerIDs(limit: number): Promise<readonly string[]> {
    return this.#tools.members.managerIDs(this.tx, this.group.groupID, limit);
  }

  async update(changes: GroupChanges): Promise<void> {
    await this.#tools.groups.update(this.tx, this.group.groupID, changes);
    this.now.group = { ...this.group, ...changes };
  }

  /** @returns the member as it is afterwards */
  async updateMember(member: GroupMember, changes: GroupMemberChanges): Promise<GroupMember> {
    await this.#tools.members.update(this.tx, this.group.groupID, member.userID, changes);
    const updated = { ...member, ...changes };
    if (member.userID === this.caller?.userID) this.now.caller = updated;
    return updated;
  }

  /**
   * Adds those who are not in the group yet. @returns who they are, in the order given
   * @throws 1001 if they are too many for the group
   */
  async add(newcomers: readonly Newcomer[]): Promise<readonly GroupMember[]> {
    const { members, limits } = this.#tools;
    const rows = newcomers.map((newcomer) => ({ ...plain, ...newcomer, groupID: this.group.groupID }));
    const added = (await members.add(this.tx, rows)).map(({ userID }) => userID);
    if (added.length === 0) return [];
    const memberCount = this.group.memberCount + added.length;
    if (memberCount > limits.maxGroupMembers) throw errors.args(`more than ${limits.maxGroupMembers} members`);
    await this.update({ memberCount });
    this.#joined = [...this.#joined, ...added];
    const found = await this.membersAmong(added);
    this.now.caller ??= found.get(this.call.caller.userID);
    return added.flatMap((userID) => found.get(userID) ?? []);
  }

  /** How the chat is in the lists of those who join. */
  setChat(settings: ChatSettings): void {
    this.#chatSettings = settings;
  }

  /** @param userIDs of members */
  async remove(userIDs: readonly string[]): Promise<void> {
    const removed = await this.#tools.members.remove(this.tx, this.group.groupID, userIDs);
    await this.update({ memberCount: this.group.memberCount - removed.length });
    this.#left = [...this.#left, ...removed];
  }

  /** The end of the group: it has no members and no owner any more, and nothing but a name. @returns who was in it */
  async dissolve(): Promise<readonly string[]> {
    const { groupID } = this.group;
    const { members, versionLog } = this.#tools;
    this.#isDissolved = true;
    await this.update({ status: groupStatuses.dismissed, memberCount: 0, ownerUserID: '' });
    await versionLog.drop(this.tx, 'group_members', [groupID]);
    const left: string[] = [];
    // They may be a hundred thousand. In one order everywhere, as logs are locked.
    for (;;) {
      const removed = await members.removeFirst(this.tx, groupID, removedAtOnce);
      await this.#stepJoinedGroups('delete', removed);
      left.push(...removed);
      if (removed.length < removedAtOnce) return left;
      await nextTurn();
    }
  }

  /** One step of the group's version log. @param userIDs of the members to whom it happened */
  async step(
    state: ChangeState,
    userIDs: readonly string[],
    marks: { readonly isResorted?: true; readonly isOwnerChanged?: true } = {},
  ): Promise<MemberVersion> {
    const { groupID } = this.group;
    const changes = userIDs.map((itemID) => ({ itemID, state }));
    const heads = await this.#tools.versionLog.record(this.tx, 'group_members', [
      { ownerID: groupID, changes, ...marks },
    ]);
    const head = heads.get(groupID);
    if (head === undefined) throw new Error('a version log without a head');
    this.#version = head;
    return head;
  }

  /** There is a new announcement, which shows on the conversations of all members. */
  announce(): void {
    this.#isAnnounced = true;
  }

  /** Notices that go out, in this order, if all goes well. */
  tell(...notices: readonly Notice<object>[]): void {
    this.#notices.push(...notices);
  }

  /** What the operator's receiver is told, if there is one: last, and in this order, if all goes well. */
  report(tell: (hooks: GroupHooks, tx: Transaction, call: CallContext) => Promise<void>): void {
    this.#reports.push(tell);
  }

  /**
   * All that follows, once the change itself is made: to be called last in the transaction.
   * @throws 1001 if the group is one too many for somebody who joins
   */
  async finish(): Promise<void> {
    const { notifier, chats, hooks } = this.#tools;
    const { groupID } = this.group;
    const joined = await this.#stepJoinedGroups('insert', this.#joined);
    await this.#checkJoinedGroups();
    const left = await this.#stepJoinedGroups('delete', this.#left);
    await this.#announce('joined', joined);
    await this.#announce('left', left);
    const seqs = await notifier.notify(this.tx, this.call, ...this.#notices);
    const shown = this.#notices.flatMap((notice, index) => ('groupID' in notice ? (seqs[index] ?? []) : []));
    const touched = await this.#setWindows(shown);
    if (this.#isAnnounced) await chats.announce(this.tx, groupID);
    const notices: Notice<object>[] = touched.map((userID) => conversationNotice(userID, [groupChatID(groupID)]));
    if (this.#isAnnounced) notices.push(groupConversationNotice(this.call.caller.userID, groupID));
    if (notices.length > 0) await notifier.notify(this.tx, this.call, ...notices);
    if (hooks !== undefined) for (const report of this.#reports) await report(hooks, this.tx, this.call);
  }

  /** Now that the logs of those who join are held: nobody else takes them into another group. @throws 1001 */
  async #checkJoinedGroups(): Promise<void> {
    if (this.#joined.length === 0) return;
    const { members, limits } = this.#tools;
    if (await members.someIsInMoreThan(this.tx, this.#joined, limits.maxJoinedGroups)) {
      throw errors.args(`a user would be in more than ${limits.maxJoinedGroups} groups`);
    }
  }

  /** @returns by user, the version that it is of the user's groups */
  async #stepJoinedGroups(state: ChangeState, userIDs: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (userIDs.length === 0) return new Map();
    const changes = [{ itemID: this.group.groupID, state }];
    const heads = await this.#tools.versionLog.record(
      this.tx,
      'joined_groups',
      userIDs.map((ownerID) => ({ ownerID, changes })),
    );
    return new Map(userIDs.map((userID) => [userID, heads.get(userID)?.version ?? 0]));
  }

  /** @param userVersions of those to whom it happened */
  async #announce(kind: 'joined' | 'left', userVersions: ReadonlyMap<string, number>): Promise<void> {
    if (userVersions.size === 0) return;
    const asOf = this.#version;
    if (asOf === undefined) throw new Error('members have changed without a step of the version log');
    await this.#tools.feed.announce(this.tx, { kind, groupID: this.group.groupID, asOf, userVersions });
  }

  /**
   * Who leaves may read what the group was shown of it, and no more; who joins, with or without what was before.
   * @param shown seqs of this change in the group's chat, in their order
   * @returns whose conversations have changed, and are to be told
   */
  async #setWindows(shown: readonly number[]): Promise<readonly string[]> {
    const { chats, historyForNewMembers } = this.#tools;
    const { groupID } = this.group;
    const touched: string[] = [];
    // What is shown holds the chat already. Otherwise what was allowed before might still be stored afterwards.
    if (this.#isDissolved && shown.length === 0) await chats.lock(this.tx, groupID);
    if (this.#left.length > 0) {
      const lastSeq = shown.at(-1) ?? (await chats.lock(this.tx, groupID));
      touched.push(...(await chats.closeGroupChat(this.tx, groupID, this.#left, lastSeq)));
    }
    if (this.#joined.length > 0) {
      const hasAll = this.#isNew || historyForNewMembers;
      const fromSeq = hasAll ? undefined : (shown[0] ?? (await chats.lock(this.tx, groupID)) + 1);
      const settings = this.#chatSettings;
      const opened = await chats.openGroupChat(this.tx, groupID, this.#joined, {
        settings,
        ...(fromSeq === undefined ? {} : { fromSeq }),
      });
      this.report((hooks, ...by) => hooks.chatOpened(...by, groupID, settings));
      // Of a new group the first message tells.
      if (!this.#isNew) touched.push(...opened);
    }
    return touched;
  }
}

/** Of the members of a group that is no more. */
const removedAtOnce = 2000;

/** Of a new member. */
const plain = { nickname: '', faceURL: '', ex: '', mutedUntil: 0 };
