/** What both /jssdk endpoints answer (rest-core chapter, section 12). */
import { GetActiveConversationsResp } from '../../protocol/gen/openim.ts';
import { Wire } from '../../protocol/wire/wire-schema.ts';
import { conversation } from './conversation.ts';
import { groupInfo } from './group.ts';
import { msgData } from './message.ts';
import { userInfo } from './user.ts';

const friendInfo = Wire.object(
  {
    ownerUserID: Wire.id(),
    friendUserID: Wire.id(),
    remark: Wire.string(),
    createTime: Wire.int64(),
    addSource: Wire.int32(),
    operatorUserID: Wire.id(),
    ex: Wire.string(),
    isPinned: Wire.bool(),
  },
  { title: 'Friend' },
);

export const conversationList = Wire.object(
  {
    unreadCount: Wire.int64({ description: 'Sum over all conversations, not only those listed' }),
    conversations: Wire.list(
      Wire.object({
        conversation: Wire.nullable(conversation),
        lastMsg: Wire.nullable(msgData),
        user: Wire.nullable(userInfo),
        friend: Wire.nullable(friendInfo),
        group: Wire.nullable(groupInfo),
        maxSeq: Wire.int64(),
        readSeq: Wire.int64(),
      }),
    ),
  },
  { title: 'ConversationList' },
);

/**
 * The pure-JS SDK takes zero bytes for null and fails on it, so that an empty answer spells out its unreadCount of 0
 * (conversations-messages chapter, 7.6).
 */
export function encodeConversationList(list: GetActiveConversationsResp): Uint8Array {
  const encoded = GetActiveConversationsResp.encode(list).finish();
  return encoded.length === 0 ? Uint8Array.of(0x08, 0x00) : encoded;
}
