/**
 * The newest message of each of many conversations, within a budget. All of them are there, however large they are: the
 * Go core never lists a conversation whose newest message it was not given, so that one that has no room is given as a
 * short text (conversations-messages chapter, 8.3).
 */
import { giveWay } from '../kernel/time-slices.ts';
import type { MessageStore, StoredMessage } from '../log/message-store.ts';
import { shortened } from '../protocol/message.ts';
import { presented } from './presentation.ts';
import type { ReplyBudget } from './reply-budget.ts';
import type { ConversationWindow } from './view-store.ts';

/** A stored message as a reply carries it. */
export interface FittedMessage {
  readonly message: StoredMessage;
  readonly body: Buffer;
}

/** Room that every conversation is sure of: a shortened message with its key. Smaller messages are never shortened. */
export const sureBytes = 4096;

/** Read together: as many messages of the largest size stay in memory. */
const pageSize = 16;

/**
 * By conversation ID, in the order of `windows`, which are of distinct conversations; without those that hold nothing.
 * What a budget cannot even hold in short is left out, the last ones first.
 */
export async function newestMessages(
  store: Pick<MessageStore, 'newest' | 'revoked'>,
  readerID: string,
  windows: readonly ConversationWindow[],
  budget: ReplyBudget,
): Promise<Map<string, FittedMessage>> {
  const found = new Map<string, FittedMessage>();
  let waiting = Math.min(windows.length, Math.floor(budget.bytesLeft / sureBytes));
  for (let from = 0; waiting > 0; from += pageSize) {
    const page = windows.slice(from, from + Math.min(pageSize, waiting));
    const stored = [...(await store.newest(readerID, page))].map(([logID, message]) => ({ logID, message }));
    const bodies = await presented(store, stored);
    const newest = new Map(stored.map(({ logID, message }, index) => [logID, { message, whole: bodies[index] }]));
    for (const { conversationID, logID } of page) {
      waiting -= 1;
      const { message, whole } = newest.get(logID) ?? {};
      if (message === undefined || whole === undefined) continue;
      if (budget.messagesLeft === 0 || !budget.takeKey(conversationID)) continue;
      if (budget.takeMessage(whole, waiting * sureBytes)) {
        found.set(conversationID, { message, body: whole });
        continue;
      }
      const short = shortened(whole);
      if (budget.takeMessage(short)) found.set(conversationID, { message, body: short });
    }
    if (waiting > 0) await giveWay();
  }
  return found;
}
