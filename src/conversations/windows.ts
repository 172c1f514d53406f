/** What the owner of a conversation may read of it. How a message looks to a reader: presentation.ts. */
import type { SeqBounds } from '../log/message-store.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { ConversationView, ConversationWindow } from './view-store.ts';

/** What the owner of a chat may read of it. */
export function chatWindow(view: ConversationView): ConversationWindow {
  const cap = view.ownMaxSeq === 0 ? view.maxSeq : Math.max(0, view.ownMaxSeq);
  return {
    conversationID: view.conversationID,
    logID: view.logID,
    lower: Math.max(1, view.minSeq, view.ownMinSeq),
    upper: Math.min(cap, view.maxSeq),
  };
}

/** How far the owner of a chat has read it: what lies below the window is not to be read, and counts for nothing. */
export function readUpTo(view: ConversationView): number {
  const { lower, upper } = chatWindow(view);
  return Math.min(Math.max(view.readSeq, lower - 1), upper);
}

/** Whether the notifications beside a chat are for its owner: who has left a group hears of it no more (M5). */
export function hearsNotifications({ conversationType, ownMaxSeq }: ConversationView): boolean {
  return conversationType !== sessionTypes.group || ownMaxSeq === 0;
}

/** What the readers of a notification conversation may read of it. */
export function notificationWindow(conversationID: string, logID: string, bounds: SeqBounds): ConversationWindow {
  return { conversationID, logID, lower: Math.max(1, bounds.minSeq), upper: bounds.maxSeq };
}
