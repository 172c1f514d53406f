/** Notifications about a user's own conversations (notifications-sync chapter, 2.4: 1300, 1701, 1703). */

import { groupChatID } from '../../protocol/conversation-id.ts';
import { notificationTypes } from '../../protocol/numbers/notices.ts';
import { type GroupNotice, type Notice, noticeKind, type UserNotice } from '../notice.ts';

interface ConversationTips {
  readonly userID: string;
  readonly conversationIDList: readonly string[];
}

const conversationChanged = noticeKind<ConversationTips>({
  type: notificationTypes.conversationChanged,
  name: 'conversationChanged',
  isStored: false,
});

/** 1300 to the devices of the owner, whoever changed the conversations. */
export function conversationNotice(ownerID: string, conversationIDs: readonly string[]): UserNotice<ConversationTips> {
  return {
    kind: conversationChanged,
    sendID: ownerID,
    recvID: ownerID,
    tips: { userID: ownerID, conversationIDList: conversationIDs },
  };
}

/** Never shown in the chat, whatever operators set of 1300: it is about the group's own conversation. */
const groupConversationChanged = noticeKind<ConversationTips>({
  type: notificationTypes.conversationChanged,
  isStored: false,
});

/** 1300 to the devices of all who are in a group: one for all of them. @param userID whose doing it was */
export function groupConversationNotice(userID: string, groupID: string): GroupNotice<ConversationTips> {
  return {
    kind: groupConversationChanged,
    sendID: userID,
    groupID,
    tips: { userID, conversationIDList: [groupChatID(groupID)] },
  };
}

interface PrivateChatTips {
  readonly recvID: string;
  readonly sendID: string;
  readonly isPrivate: boolean;
  readonly conversationID: string;
}

const privateChatSet = noticeKind<PrivateChatTips>({
  type: notificationTypes.conversationPrivateChatSet,
  name: 'conversationSetPrivate',
  isStored: false,
});

/** 1701 from who has switched burn after reading on or off, to the peer and the own devices. */
export function privateChatNotice(
  ownerID: string,
  { conversationID, userID }: { readonly conversationID: string; readonly userID: string },
  isPrivate: boolean,
): UserNotice<PrivateChatTips> {
  return {
    kind: privateChatSet,
    sendID: ownerID,
    recvID: userID,
    tips: { recvID: userID, sendID: ownerID, isPrivate, conversationID },
  };
}

interface ClearedTips {
  readonly userID: string;
  readonly conversationIDs: readonly string[];
}

const conversationsCleared = noticeKind<ClearedTips>({
  type: notificationTypes.conversationsCleared,
  isStored: false,
});

/** 1703 to the own devices, or to those for whom the user has cleared a conversation. */
export function clearedNotice(
  userID: string,
  receiver: { readonly recvID: string } | { readonly groupID: string },
  conversationIDs: readonly string[],
): Notice<ClearedTips> {
  return { kind: conversationsCleared, sendID: userID, ...receiver, tips: { userID, conversationIDs } };
}
