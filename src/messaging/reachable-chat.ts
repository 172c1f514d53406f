/** Which log a call about messages means by a conversation ID, and how much of it is within its reach. */
import type { ConversationView, ConversationViewStore } from '../conversations/view-store.ts';
import { chatWindow } from '../conversations/windows.ts';
import type { CallContext } from '../kernel/caller.ts';
import type { LogWindow, MessageStore } from '../log/message-store.ts';
import { groupChatID, isNotificationConversation } from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import { possibleLogIDs } from '../protocol/log-id.ts';

export interface ReachableChatOptions {
  readonly views: ConversationViewStore;
  readonly messages: Pick<MessageStore, 'bounds'>;
}

/**
 * What `userID` may read of a chat of its own; for admins of the server everything of any chat that is not the user's.
 * @throws 1001 an admin names an ID that several pairs of users share, 1002 a group in which the user never was, 1004 the
 * user has no such chat
 */
export async function reachableChat(
  { views, messages }: ReachableChatOptions,
  { caller }: CallContext,
  userID: string,
  conversationID: string,
): Promise<LogWindow> {
  const view = await ownChat(views, userID, conversationID);
  if (view !== undefined) return chatWindow(view);
  if (!caller.isAdmin) {
    // Whether or not there is such a group.
    if (conversationID.startsWith(groupChatID(''))) throw errors.noPermission('not in the group');
    throw errors.recordNotFound('conversation not found');
  }
  if (isNotificationConversation(conversationID)) throw errors.recordNotFound('not a chat');
  return wholeLog(messages, conversationID);
}

/** Undefined if the user does not have it. */
async function ownChat(
  views: ConversationViewStore,
  userID: string,
  conversationID: string,
): Promise<ConversationView | undefined> {
  const [view] = await views.views(userID, [conversationID]);
  return view;
}

/** Of whoever it is. @throws 1001 it may be of several pairs of users, 1004 nothing was ever stored in it */
async function wholeLog(messages: Pick<MessageStore, 'bounds'>, conversationID: string): Promise<LogWindow> {
  const [found, ...others] = await messages.bounds(possibleLogIDs(conversationID));
  if (found === undefined) throw errors.recordNotFound('conversation not found');
  if (others.length > 0) throw errors.args('the conversation ID is that of several pairs of users');
  const [logID, { minSeq, maxSeq }] = found;
  return { logID, lower: Math.max(1, minSeq), upper: maxSeq };
}
