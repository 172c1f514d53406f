/** Whom a message names with @ (conversations-messages chapter, 7.4). */
import type { Mentioned } from '../conversations/group-calls.ts';
import { conversationIDOf, isNotificationConversation } from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import type { MsgData } from '../protocol/gen/openim.ts';
import { optionEnabled } from '../protocol/message.ts';
import { contentTypes } from '../protocol/numbers/contents.ts';
import { optionKeys } from '../protocol/numbers/messages.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';

/** Among the user IDs of a message: everybody in the group. */
const everyone = 'AtAllTag';

/** Whom a message to a group calls; undefined if it is none that calls. What is not stored calls nobody. */
export function mentionedBy(message: MsgData): Mentioned | undefined {
  const { contentType, atUserIDList, sessionType, options } = message;
  if (contentType !== contentTypes.atText || atUserIDList.length === 0 || sessionType !== sessionTypes.group) {
    return undefined;
  }
  if (!optionEnabled(options, optionKeys.history) || isNotificationConversation(conversationIDOf(message))) {
    return undefined;
  }
  const named = new Set(atUserIDList);
  const isEveryone = named.delete(everyone);
  return { isEveryone, userIDs: [...named] };
}

/** Over both doors, whatever the session. @throws 1001 */
export function checkMentions({ contentType, atUserIDList, content }: MsgData, maxMentions: number): void {
  if (contentType !== contentTypes.atText) return;
  const shown = shownIn(content);
  if (Math.max(atUserIDList.length, shown) > maxMentions) {
    throw errors.args(`more than ${maxMentions} users are named`);
  }
}

/** How many users the content itself names. */
function shownIn(content: Uint8Array): number {
  const fields = JSON.parse(Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString()) as object;
  const lists = Object.entries(fields).filter(([name]) => name.toLowerCase() === 'atuserlist');
  return Math.max(0, ...lists.map(([, list]) => (Array.isArray(list) ? list.length : 0)));
}
