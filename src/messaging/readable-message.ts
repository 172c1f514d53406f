/** The message that a call is about, as its reader names it (beyond-openim chapter). */
import type { ConversationView, ConversationViewStore } from '../conversations/view-store.ts';
import { chatWindow } from '../conversations/windows.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { MessageRef, MessageStore, StoredMessage } from '../log/message-store.ts';
import { groupChatID } from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';

/** How a user names a message. */
export interface NamedMessage {
  readonly conversationID: string;
  readonly seq: number;
  readonly userID: string;
}

/** A user's own chat. @throws 1001 ill-formed, 1002 a group in which the user never was, 1004 the user has no such chat */
export async function ownChat(
  views: ConversationViewStore,
  { conversationID, userID }: Omit<NamedMessage, 'seq'>,
): Promise<ConversationView> {
  if (conversationID === '') throw errors.args('conversationID is empty');
  if (userID === '') throw errors.args('userID is empty');
  const [view] = await views.views(userID, [conversationID]);
  if (view !== undefined) return view;
  // Whether or not there is such a group.
  if (conversationID.startsWith(groupChatID(''))) throw errors.noPermission('not in the group');
  throw errors.recordNotFound('conversation not found');
}

/** Of a message that the owner of the chat may read, if it is there. @throws 1001 below 1, 1004 */
export function refWithin(view: ConversationView, seq: number): MessageRef {
  if (seq < 1) throw errors.args('seq is below 1');
  const { lower, upper } = chatWindow(view);
  if (seq < lower || seq > upper) throw errors.recordNotFound('message not found');
  return { logID: view.logID, seq };
}

/** Until the end of the transaction it stays as it is. @throws 1004 it is not there, 1404 it was taken back */
export async function lockReadable(
  messages: Pick<MessageStore, 'lockMessage'>,
  tx: Transaction,
  ref: MessageRef,
): Promise<StoredMessage> {
  return requireReadable(await messages.lockMessage(tx, ref));
}

/** As its reader has it. @throws 1004 it is not there, or deleted by the reader; 1404 it was taken back */
export async function findReadable(
  messages: Pick<MessageStore, 'bySeqs'>,
  readerID: string,
  { logID, seq }: MessageRef,
): Promise<StoredMessage> {
  const [message] = await messages.bySeqs(readerID, logID, [seq]);
  return requireReadable(message);
}

function requireReadable(message: StoredMessage | undefined): StoredMessage {
  if (message === undefined || message.isDeleted) throw errors.recordNotFound('message not found');
  if (message.revocation !== undefined) throw errors.msgAlreadyRevoked('the message was taken back');
  return message;
}
