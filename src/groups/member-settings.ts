/** What is set of single members: role, name, face and ex in the group, and mutes (relations-groups chapter, 8.10, 8.11). */
import type { CallContext } from '../kernel/caller.ts';
import { UrgentSlices } from '../kernel/time-slices.ts';
import type { GroupEvent, MemberVersion } from '../notices/catalogue/group-event.ts';
import { memberMuteCancelledNotice, memberMutedNotice, memberSetNotice } from '../notices/catalogue/group-members.ts';
import type { Notice } from '../notices/notice.ts';
import { errors } from '../protocol/errors.ts';
import { groupRoles } from '../protocol/numbers/groups.ts';
import type { GroupMemberInfo } from '../protocol/relation-objects.ts';
import { type GroupMember, type GroupMemberChanges, toMemberInfo } from './group.ts';
import type { GroupChange } from './group-change.ts';
import type { GroupChanger } from './group-changer.ts';
import type { GroupLimits } from './group-limits.ts';
import { type MemberLimit, requireMemberTexts } from './group-texts.ts';
import type { GroupView } from './group-view.ts';
import { maxUsersPerCall, requireDistinct } from './user-lists.ts';

/** null leaves a value as it is; an empty name or face lets that of the profile show through. */
export interface MemberSetting {
  readonly groupID: string;
  readonly userID: string;
  readonly role: number | null;
  readonly nickname: string | null;
  readonly faceURL: string | null;
  readonly ex: string | null;
}

export interface MemberSettingsOptions {
  readonly changer: GroupChanger;
  readonly limits: Pick<GroupLimits, MemberLimit>;
  /** Unix ms. */
  readonly now: () => number;
}

export class MemberSettings {
  readonly #options: MemberSettingsOptions;

  constructor(options: MemberSettingsOptions) {
    this.#options = options;
  }

  /**
   * Changes members, all of those listed or none. Notices 1517 or 1518 of a role, 1516 of the rest.
   * @throws 1001 ill-formed, not members, or the owner's role, 1002 not the caller's to change, 1004 no such group
   */
  async set(call: CallContext, asked: readonly MemberSetting[]): Promise<void> {
    if (asked.length === 0) throw errors.args('members is empty');
    if (asked.length > maxUsersPerCall) throw errors.args(`members has more than ${maxUsersPerCall}`);
    for (const setting of asked) this.#check(setting);
    const byGroup = Map.groupBy(asked, ({ groupID }) => groupID);
    for (const ofGroup of byGroup.values()) requireDistinct('members', idsOf(ofGroup));

    const settings = await this.#ask(call, byGroup);
    const unnamed = settings.filter(({ nickname, faceURL }) => nickname === '' || faceURL === '');
    await this.#options.changer.changeAll(call, [...byGroup.keys()], idsOf(unnamed), async (change) => {
      const ofGroup = settings.filter(({ groupID }) => groupID === change.group.groupID);
      const members = await requireMaySetAll(change, ofGroup);
      const slices = new UrgentSlices();
      for (const [index, member] of members.entries()) {
        await setMember(change, member, ofGroup[index] as MemberSetting);
        if (slices.isOver) await slices.next();
      }
      change.report((hooks, ...by) => hooks.membersSet(...by, ofGroup));
    });
  }

  /** @returns what the operator's receiver makes of it, if there is one */
  async #ask(
    call: CallContext,
    byGroup: ReadonlyMap<string, readonly MemberSetting[]>,
  ): Promise<readonly MemberSetting[]> {
    const settings: MemberSetting[] = [];
    for (const [groupID, ofGroup] of byGroup) {
      const given = await this.#options.changer.ask(call, groupID, async (hooks, view) => {
        await requireMaySetAll(view, ofGroup);
        const answers: MemberSetting[] = [];
        for (const setting of ofGroup) answers.push(await hooks.beforeSetMember(call, setting));
        return answers;
      });
      // As if it had been asked for.
      for (const setting of given ?? []) this.#check(setting);
      settings.push(...(given ?? ofGroup));
    }
    return settings;
  }

  #check({ groupID, userID, role, ...texts }: MemberSetting): void {
    if (groupID === '' || userID === '') throw errors.args('groupID or userID is empty');
    if (role === groupRoles.owner) throw errors.noPermission('nobody is made owner: transfer the group');
    const isRole = role === null || role === groupRoles.admin || role === groupRoles.member;
    if (!isRole) throw errors.args('roleLevel must be 20 or 60');
    requireMemberTexts(texts, this.#options.limits);
  }

  /**
   * A member may not speak for a while. Notice 1512.
   * @throws 1001 ill-formed, 1002 not the caller's to mute, 1004 no such group, or one of the two is not in it
   */
  async mute(call: CallContext, groupID: string, userID: string, seconds: number): Promise<void> {
    if (seconds === 0) throw errors.args('mutedSeconds is 0');
    const mutedUntil = this.#options.now() + seconds * 1000;
    await this.#setMute(call, groupID, userID, mutedUntil, (...told) => memberMutedNotice(...told, seconds));
  }

  /** A member may speak again. Notice 1513, also if it was not muted. @throws as {@link mute} does */
  async cancelMute(call: CallContext, groupID: string, userID: string): Promise<void> {
    await this.#setMute(call, groupID, userID, 0, memberMuteCancelledNotice);
  }

  async #setMute(
    call: CallContext,
    groupID: string,
    userID: string,
    mutedUntil: number,
    noticeOf: (event: GroupEvent, head: MemberVersion, mutedUser: GroupMemberInfo) => Notice<object>,
  ): Promise<void> {
    if (groupID === '' || userID === '') throw errors.args('groupID or userID is empty');
    await this.#options.changer.change(call, groupID, async (change) => {
      change.requireManager(errors.recordNotFound);
      const member = (await change.membersAmong([userID])).get(userID);
      if (member === undefined) throw errors.recordNotFound('not in the group');
      requireMayMute(change, member);
      const updated = await change.updateMember(member, { mutedUntil });
      const head = await change.step('update', [userID]);
      change.tell(noticeOf(change.event, head, toMemberInfo(updated)));
    });
  }
}

function idsOf(settings: readonly MemberSetting[]): readonly string[] {
  return settings.map(({ userID }) => userID);
}

/** Admins of the group mute ordinary members, the owner also admins. @throws 1002 */
function requireMayMute({ call, caller }: GroupChange, target: GroupMember): void {
  if (call.caller.isAdmin) return;
  if (target.role >= (caller?.role ?? 0)) throw errors.noPermission('of no lower role');
}

/** @returns the members, in that order. @throws 1001 no member, or the owner's role, 1002 */
async function requireMaySetAll(view: GroupView, settings: readonly MemberSetting[]): Promise<readonly GroupMember[]> {
  view.requireMember();
  const members = await view.membersAmong(idsOf(settings));
  return settings.map((setting) => {
    const member = members.get(setting.userID);
    if (member === undefined) throw errors.args('not in the group');
    requireMaySet(view, member, setting);
    return member;
  });
}

/** @throws 1001 the owner's role, 1002 */
function requireMaySet({ call, caller }: GroupView, target: GroupMember, { role }: MemberSetting): void {
  if (!call.caller.isAdmin && caller?.role !== groupRoles.owner) {
    const ownRole = caller?.role ?? 0;
    const isSelf = target.userID === call.caller.userID;
    if (!isSelf && target.role >= ownRole) throw errors.noPermission('of no lower role');
    if (isSelf && (role ?? 0) > ownRole) throw errors.noPermission('nobody raises its own role');
  }
  if (target.role === groupRoles.owner && role !== null) throw errors.args('a group must keep its owner');
}

async function setMember(
  change: GroupChange,
  member: GroupMember,
  { role, nickname, faceURL, ex }: MemberSetting,
): Promise<void> {
  const own = withoutNull({ nickname, faceURL, ex });
  const isSet = Object.keys(own).length > 0;
  const isResorted = role !== null;
  if (!isSet && !isResorted) return;
  const updated = await change.updateMember(member, { ...own, ...(isResorted ? { role } : {}) });
  const head = await change.step('update', [member.userID], isResorted ? { isResorted } : {});
  const told = { ...head, isResorted };
  const info = toMemberInfo(updated);
  if (isResorted) {
    change.tell(memberSetNotice(change.event, role === groupRoles.admin ? 'admin' : 'ordinary', told, info));
  }
  if (isSet) change.tell(memberSetNotice(change.event, 'info', told, info));
}

function withoutNull(values: Readonly<Record<string, unknown>>): GroupMemberChanges {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
