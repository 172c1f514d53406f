/**
 * Who is called in a group, and what of it shows on its members' conversations (conversations-messages chapter, 7.4).
 *
 * Calls of a group, which are @all and announcements, are counted, and each row has the count up to which its owner has
 * seen them: nothing is written for the members, however many. Who is named is called in a row of its own.
 */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { conversationNotice, groupConversationNotice } from '../notices/catalogue/conversations.ts';
import type { Notifier } from '../notices/notifier.ts';
import { groupChatID } from '../protocol/conversation-id.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { ConversationStore } from './conversation-store.ts';

/** How a conversation shows that its owner was called. */
export const groupAtTypes = { none: 0, me: 1, everyone: 2, everyoneAndMe: 3, announcement: 4 } as const;

/** The newest calls of a group, as numbers that grow with each; 0 if there was none. */
export interface CallsOfGroup {
  readonly everyoneCall: number;
  /** Who made it: it is no call for the caller itself. */
  readonly everyoneBy: string;
  /** The newest before it by anybody else. */
  readonly everyoneCallByOthers: number;
  readonly announcementCall: number;
}

/** Suite: test/contract/conversation-store.suite.ts. */
export interface GroupCallStore {
  /** Everybody in the group is called but the caller. */
  callEveryone(tx: Transaction, groupID: string, callerID: string): Promise<void>;
  /** The group has a new announcement. */
  announce(tx: Transaction, groupID: string): Promise<void>;
}

/** Whom a message calls. */
export interface Mentioned {
  readonly isEveryone: boolean;
  readonly userIDs: readonly string[];
}

export interface GroupCallsOptions {
  readonly calls: GroupCallStore;
  readonly store: Pick<ConversationStore, 'markMentioned'>;
  readonly versionLog: Pick<VersionLog, 'record'>;
  readonly notifier: Pick<Notifier, 'notify'>;
}

export class GroupCalls {
  readonly #options: GroupCallsOptions;

  constructor(options: GroupCallsOptions) {
    this.#options = options;
  }

  /** What follows from a message in the transaction that stores it: to be called last. Its sender is never called. */
  async mention(
    tx: Transaction,
    call: CallContext,
    { sendID, groupID }: { readonly sendID: string; readonly groupID: string },
    { isEveryone, userIDs }: Mentioned,
  ): Promise<void> {
    const { calls, store, versionLog, notifier } = this.#options;
    const conversationID = groupChatID(groupID);
    const named = userIDs.filter((userID) => userID !== sendID);
    const marked = named.length === 0 ? [] : await store.markMentioned(tx, conversationID, named);
    const changes = [{ itemID: conversationID, state: 'update' as const }];
    const steps = marked.map((ownerID) => ({ ownerID, changes }));
    if (steps.length > 0) await versionLog.record(tx, 'conversations', steps);
    if (isEveryone) await calls.callEveryone(tx, groupID, sendID);
    const notices = isEveryone
      ? [groupConversationNotice(sendID, groupID)]
      : marked.map((userID) => conversationNotice(userID, [conversationID]));
    if (notices.length > 0) await notifier.notify(tx, call, ...notices);
  }
}

/**
 * The groupAtType that the owner of a conversation is shown. Who is named sees that whatever comes later; of the others the
 * newest counts.
 * @param own as it is in the row
 * @param seen up to which call the owner has seen the group's
 */
export function groupAtTypeFor(ownerUserID: string, own: number, seen: number, calls: CallsOfGroup): number {
  const everyone = calls.everyoneBy === ownerUserID ? calls.everyoneCallByOthers : calls.everyoneCall;
  const isNamed = own === groupAtTypes.me || own === groupAtTypes.everyoneAndMe;
  if (isNamed) {
    return everyone > seen || own === groupAtTypes.everyoneAndMe ? groupAtTypes.everyoneAndMe : groupAtTypes.me;
  }
  if (Math.max(everyone, calls.announcementCall) <= seen) return own;
  return everyone > calls.announcementCall ? groupAtTypes.everyone : groupAtTypes.announcement;
}
