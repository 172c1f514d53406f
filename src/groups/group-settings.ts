/** What a group says of itself, who may come in, and whether its members may speak (relations-groups chapter, 8.2, 8.10). */
import type { CallContext } from '../kernel/caller.ts';
import { announcementNotice, groupInfoNotice, groupMutedNotice, groupNameNotice } from '../notices/catalogue/groups.ts';
import { errors } from '../protocol/errors.ts';
import { groupStatuses } from '../protocol/numbers/groups.ts';
import type { GroupChanges } from './group.ts';
import type { GroupChanger } from './group-changer.ts';
import type { GroupSetting } from './group-hooks.ts';
import type { GroupLimits } from './group-limits.ts';
import { type GroupTextChanges, requireGroupTexts } from './group-texts.ts';
import type { GroupView } from './group-view.ts';

/** null leaves a value as it is. */
export interface GroupSettingChanges extends GroupTextChanges {
  readonly needVerification: number | null;
  readonly lookMemberInfo: number | null;
  readonly applyMemberFriend: number | null;
}

/** Which of the two endpoints sets it: they have hooks of their own. */
export type SettingForm = 'plain' | 'ex';

export interface GroupSettingsOptions {
  readonly changer: GroupChanger;
  readonly limits: GroupLimits;
  /** Unix ms. */
  readonly now: () => number;
}

export class GroupSettings {
  readonly #options: GroupSettingsOptions;

  constructor(options: GroupSettingsOptions) {
    this.#options = options;
  }

  /**
   * Changes what is set. Notices 1519 of the announcement, 1520 of the name, 1502 of the rest; none if nothing is set.
   * @throws 1001 ill-formed, 1002 an ordinary member, 1004 no such group, or not in it, 1204 dismissed
   */
  async set(call: CallContext, asked: GroupSetting, form: SettingForm = 'ex'): Promise<void> {
    this.#check(asked);
    const given = await this.#options.changer.ask(call, asked.groupID, (hooks, view) => {
      requireMaySet(view);
      return hooks.beforeSet(call, form, asked);
    });
    if (given !== undefined) this.#check(given);
    const setting = given ?? asked;
    const { groupID, ...values } = setting;
    const { name, notification, ...rest } = Object.fromEntries(
      Object.entries(values).filter(([, value]) => value !== null),
    ) as GroupChanges;
    const isAnnounced = notification !== undefined;
    const announcement = isAnnounced
      ? { notification, notificationUpdatedAt: this.#options.now(), notificationUserID: call.caller.userID }
      : {};
    const isRenamed = name !== undefined;
    const changes = { ...rest, ...announcement, ...(isRenamed ? { name } : {}) };

    await this.#options.changer.change(call, groupID, async (change) => {
      requireMaySet(change);
      if (Object.keys(changes).length === 0) return;
      await change.update(changes);
      const head = await change.step('update', [], { isOwnerChanged: true });
      if (isAnnounced) change.tell(announcementNotice(change.event, head));
      if (isAnnounced && notification !== '') change.announce();
      if (isRenamed) change.tell(groupNameNotice(change.event, head));
      if (Object.keys(rest).length > 0) change.tell(groupInfoNotice(change.event, head));
      change.report((hooks, ...by) => hooks.wasSet(...by, form, setting));
    });
  }

  #check(asked: GroupSetting): void {
    if (asked.groupID === '') throw errors.args('groupID is empty');
    if (asked.name !== null && asked.name.trim() === '') throw errors.args('groupName is blank');
    requireGroupTexts(asked, this.#options.limits);
  }

  /**
   * Only owner and admins may speak, or everybody again. Notice 1514 or 1515, also if it was so already.
   * @throws 1001 ill-formed, 1002 neither owner nor admin, 1004 no such group, 1204 dismissed
   */
  async mute(call: CallContext, groupID: string, isMuted: boolean): Promise<void> {
    if (groupID === '') throw errors.args('groupID is empty');
    await this.#options.changer.change(call, groupID, async (change) => {
      change.requireManager();
      change.requireAlive();
      await change.update({ status: isMuted ? groupStatuses.muted : groupStatuses.normal });
      const head = await change.step('update', [], { isOwnerChanged: true });
      change.tell(groupMutedNotice(change.event, head, isMuted));
    });
  }
}

/** @throws 1002 an ordinary member, 1004 not in the group, 1204 */
function requireMaySet(view: GroupView): void {
  view.requireManager(errors.recordNotFound);
  view.requireAlive();
}
