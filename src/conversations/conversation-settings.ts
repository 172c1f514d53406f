/** Changing one's own conversations: settings, and burn after reading for both (conversations-messages chapter, 7.3). */
import type { BlackStore } from '../friends/black-store.ts';
import type { FriendStore } from '../friends/friend-store.ts';
import type { GroupMemberStore } from '../groups/group-member-store.ts';
import type { GroupStore } from '../groups/group-store.ts';
import { type CallContext, requireAccess, requireAdmin } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { conversationNotice, privateChatNotice } from '../notices/catalogue/conversations.ts';
import type { Notifier } from '../notices/notifier.ts';
import { groupChatID, officialChatID, singleChatID } from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { ChangeState } from '../sync/version-log-store.ts';
import type { UserStore } from '../users/user-store.ts';
import type { ConversationChanges, NewConversation } from './conversation.ts';
import type { ConversationStore } from './conversation-store.ts';
import { type AskedChanges, requireSettable } from './settable.ts';

export interface ConversationSettingsOptions {
  readonly store: Pick<ConversationStore, 'createMissing' | 'peersOf' | 'update' | 'ownersWith' | 'setExWith'>;
  readonly versionLog: Pick<VersionLog, 'record'>;
  readonly users: Pick<UserStore, 'find'>;
  readonly blacks: Pick<BlackStore, 'find'>;
  readonly friends: Pick<FriendStore, 'find'>;
  readonly groups: Pick<GroupStore, 'findMany'>;
  readonly members: Pick<GroupMemberStore, 'find'>;
  readonly unitOfWork: UnitOfWork;
  readonly notifier: Pick<Notifier, 'notify'>;
  /** Only friends of a user may write to it, and so change burn after reading for it (1303). */
  readonly needsFriendship: boolean;
  /** Of each of `ex` and `attachedInfo`, in UTF-8. */
  readonly maxTextBytes: number;
  /** Unix ms. */
  readonly now: () => number;
}

/** Which conversation is meant: as its owner has it. */
export type ConversationTarget = Omit<NewConversation, 'ownerUserID'>;

const maxOwners = 1000;
/** Whose rows of one peer are changed in a transaction. */
const ownersAtOnce = 250;

export class ConversationSettings {
  readonly #options: ConversationSettingsOptions;

  constructor(options: ConversationSettingsOptions) {
    this.#options = options;
  }

  /**
   * Sets what is given, for each of the owners; a row that is not there is created with it. Whose row has changed is told
   * (1300). `isPrivateChat` is of single chats only and holds for both sides, which are told by 1701.
   * @throws 1001 ill-formed, not a conversation of the owners, or one under whose ID they talk to somebody else; 1002 an
   * owner is not the caller; 1004 no such peer or group; 1203 never in the group; of isPrivateChat 1302 blocked by the
   * peer, 1303 no friend
   */
  async set(
    call: CallContext,
    ownerUserIDs: readonly string[],
    target: ConversationTarget | null,
    asked: AskedChanges,
  ): Promise<void> {
    const owners = [...new Set(ownerUserIDs)];
    if (owners.length === 0) throw errors.args('userIDs is empty');
    if (owners.length > maxOwners) throw errors.args(`userIDs has more than ${maxOwners} entries`);
    if (target === null) throw errors.args('conversation is missing');
    requireTarget(target, owners);
    requireSettable(asked, this.#options.maxTextBytes);
    for (const owner of owners) requireAccess(call, owner);

    const { isPrivateChat, ...rest } = asked;
    const settings = given(rest);
    const isSingle = target.conversationType === sessionTypes.single;
    const isPrivate = isSingle ? isPrivateChat : null;
    const isSet = Object.keys(settings).length > 0;
    if (!isSet && isPrivate === null) return;

    await this.#requirePartner(call, owners, target, isPrivate !== null);
    const { store, unitOfWork, notifier } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      const own = owners.map((ownerUserID) => ({ ...target, ownerUserID }));
      const mirrored = isPrivate === null ? [] : [...own, ...own.map(otherSide)];
      if (target.conversationType === sessionTypes.group) await this.#requireMembers(tx, own);
      const touched = await this.#createMissing(tx, isPrivate === null ? own : mirrored);
      const changed = isSet ? await store.update(tx, target.conversationID, owners, settings) : [];
      const told = owners.filter((owner) => isSet && (touched.has(owner) || changed.includes(owner)));
      for (const owner of changed) if (!touched.has(owner)) touched.set(owner, 'update');
      if (isPrivate !== null) {
        const sides = [...new Set(mirrored.map(({ ownerUserID }) => ownerUserID))];
        await store.update(tx, target.conversationID, sides, { isPrivateChat: isPrivate });
        for (const side of sides) if (!touched.has(side)) touched.set(side, 'update');
      }
      await this.#options.versionLog.record(
        tx,
        'conversations',
        [...touched].map(([ownerID, state]) => ({ ownerID, changes: [{ itemID: target.conversationID, state }] })),
      );
      await notifier.notify(
        tx,
        call,
        ...told.map((owner) => conversationNotice(owner, [target.conversationID])),
        ...(isPrivate === null ? [] : owners.map((owner) => privateChatNotice(owner, target, isPrivate))),
      );
    });
  }

  /**
   * Sets the text that others keep of their conversations with a user: rows of other people, so that admins only may.
   * Nobody is told but by the next sync. Owners are changed some hundred at a time, each lot in a transaction: a call that
   * fails half-way may be repeated.
   * @param ex null changes nothing
   * @throws 1001 ill-formed, 1002 not an admin
   */
  async setExOfPeer(call: CallContext, userID: string, ex: string | null): Promise<void> {
    if (userID === '') throw errors.args('userID is empty');
    requireAdmin(call);
    requireWithin('ex', ex, this.#options.maxTextBytes);
    if (ex === null) return;
    const { store, unitOfWork, versionLog } = this.#options;
    let owners: readonly string[] = [];
    do {
      owners = await store.ownersWith(userID, owners.at(-1) ?? '', ownersAtOnce);
      const lot = owners;
      if (lot.length === 0) return;
      await unitOfWork.transaction(async (tx) => {
        const byOwner = Map.groupBy(await store.setExWith(tx, userID, lot, ex), ({ ownerUserID }) => ownerUserID);
        const steps = [...byOwner].map(([ownerID, rows]) => ({
          ownerID,
          changes: rows.map(({ conversationID }) => ({ itemID: conversationID, state: 'update' as const })),
        }));
        if (steps.length > 0) await versionLog.record(tx, 'conversations', steps);
      });
    } while (owners.length === ownersAtOnce);
  }

  /** @throws 1004 an owner, the peer or the group is not there; if the peer is told 1302, 1303 */
  async #requirePartner(call: CallContext, owners: readonly string[], target: ConversationTarget, isTold: boolean) {
    const { users, groups } = this.#options;
    const { conversationType, userID, groupID } = target;
    if (conversationType === sessionTypes.group) {
      if ((await groups.findMany([groupID])).length === 0) throw errors.recordNotFound('group not found');
      return;
    }
    const both = [...new Set([...owners, userID])];
    if ((await users.find(both)).length < both.length) throw errors.recordNotFound('user not found');
    if (isTold && !call.caller.isAdmin) await this.#requireMayWrite(userID, owners);
  }

  /** A group's conversation is of who is in it, or was: its row stays. @throws 1203 */
  async #requireMembers(tx: Transaction, rows: readonly NewConversation[]): Promise<void> {
    const peers = await this.#options.store.peersOf(tx, rows);
    const newcomers = rows.flatMap(({ ownerUserID }, index) => (peers[index] === undefined ? [ownerUserID] : []));
    const [{ groupID }] = rows as [NewConversation];
    if (newcomers.length === 0) return;
    if ((await this.#options.members.find(groupID, newcomers, tx)).length < newcomers.length) {
      throw errors.notInGroupYet('not in the group');
    }
  }

  /** It shows in the peer's chat, like a message. @throws 1302, 1303 */
  async #requireMayWrite(peerUserID: string, userIDs: readonly string[]): Promise<void> {
    const { blacks, friends, needsFriendship } = this.#options;
    const writers = userIDs.filter((userID) => userID !== peerUserID);
    if (writers.length === 0) return;
    if ((await blacks.find(peerUserID, writers)).length > 0) throw errors.blockedByPeer('blocked by the peer');
    if (needsFriendship && (await friends.find(peerUserID, writers)).length < writers.length) {
      throw errors.notPeersFriend('not a friend of the peer');
    }
  }

  /** @returns whose row is new, by owner */
  async #createMissing(tx: Transaction, rows: readonly NewConversation[]): Promise<Map<string, ChangeState>> {
    const { store, now } = this.#options;
    const created = await store.createMissing(tx, rows, now());
    const peers = await store.peersOf(tx, rows);
    if (rows.some(({ userID }, index) => peers[index] !== userID)) {
      throw errors.args('the conversation ID is that of another chat of one of the users');
    }
    return new Map(created.map(({ ownerUserID }) => [ownerUserID, 'insert' as const]));
  }
}

/** The same chat as its other user has it. */
function otherSide(row: NewConversation): NewConversation {
  return { ...row, ownerUserID: row.userID, userID: row.ownerUserID };
}

/** @throws 1001 unless it is the conversation of each of the owners with the named partner */
function requireTarget(target: ConversationTarget, owners: readonly string[]): void {
  const { conversationID, conversationType, userID, groupID } = target;
  if (conversationID === '') throw errors.args('conversationID is empty');
  const idFor = idsOf.get(conversationType);
  if (idFor === undefined) throw errors.args('conversationType is none of 1, 3 and 4');
  const isGroup = conversationType === sessionTypes.group;
  if (isGroup ? groupID === '' : userID === '') throw errors.args(`${isGroup ? 'groupID' : 'userID'} is empty`);
  if (owners.some((owner) => idFor(owner, target) !== conversationID)) {
    throw errors.args('conversationID is not that of a user and the partner named');
  }
}

const idsOf: ReadonlyMap<number, (owner: string, target: ConversationTarget) => string> = new Map([
  [sessionTypes.single, (owner, { userID }) => singleChatID(owner, userID)],
  [sessionTypes.group, (_, { groupID }) => groupChatID(groupID)],
  [sessionTypes.notification, (owner, { userID }) => officialChatID(userID, owner)],
]);

function given(asked: Partial<AskedChanges>): ConversationChanges {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null));
}
