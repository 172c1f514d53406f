/** Notifications about a user's own conversations (notifications-sync chapter, 2.4: 1300). */
import { notificationTypes } from '../../protocol/numbers/notices.ts';
import { noticeKind, type UserNotice } from '../notice.ts';

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
