/** Protocol: conversations-messages.md 7.6. */

import type { ConversationMsg, MsgData } from '../../../protocol/gen/openim.ts';
import { sessionTypes } from '../../../protocol/numbers/sessions.ts';
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

const messageInfo = Wire.object({
  serverMsgID: Wire.string(),
  clientMsgID: Wire.string(),
  sessionType: Wire.int32(),
  sendID: Wire.id(),
  recvID: Wire.id(),
  senderName: Wire.string({ description: "the peer's in a single chat" }),
  faceURL: Wire.string({ description: "the peer's in a single chat" }),
  groupID: Wire.id(),
  groupName: Wire.string(),
  groupFaceURL: Wire.string(),
  groupType: Wire.int32(),
  groupMemberCount: Wire.uint32(),
  LatestMsgRecvTime: Wire.int64({ description: 'Unix ms' }),
  msgFrom: Wire.int32(),
  contentType: Wire.int32(),
  content: Wire.string(),
  ex: Wire.string(),
});

export default endpoint({
  path: '/conversation/get_sorted_conversation_list',
  summary: "Gives a page of a user's conversations with their newest messages",
  description: 'Pinned ones first, then by the newest message. The totals are those of all pages.',
  access: self('userID'),
  required: ['userID', 'pagination'],
  example: { userID: 'alice', conversationIDs: [], pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({
    userID: Wire.id(),
    conversationIDs: Wire.list(Wire.id(), { description: 'none: all' }),
    pagination: wirePagination,
  }),
  response: Wire.object({
    conversationTotal: Wire.int64({ description: 'of those with a message' }),
    unreadTotal: Wire.int64(),
    conversationElems: Wire.list(
      Wire.object({
        conversationID: Wire.id(),
        recvMsgOpt: Wire.int32(),
        unreadCount: Wire.int64(),
        IsPinned: Wire.bool(),
        msgInfo: Wire.nullable(messageInfo),
      }),
    ),
  }),
  handle: async (call, body, { previews }) => {
    const { total, unread, conversations } = await previews.sorted(call, body);
    return { conversationTotal: total, unreadTotal: unread, conversationElems: conversations.map(toElement) };
  },
});

function toElement(shown: ConversationMsg) {
  const { conversation, lastMsg, maxSeq, readSeq } = shown;
  return {
    conversationID: conversation?.conversationID ?? '',
    recvMsgOpt: conversation?.recvMsgOpt ?? 0,
    unreadCount: maxSeq - readSeq,
    IsPinned: conversation?.isPinned ?? false,
    msgInfo: lastMsg === undefined ? null : toMessageInfo(shown, lastMsg),
  };
}

function toMessageInfo({ user, group }: ConversationMsg, message: MsgData) {
  const { serverMsgID, clientMsgID, sessionType, sendID, recvID, groupID, msgFrom, contentType, ex } = message;
  const isSingle = sessionType === sessionTypes.single;
  return {
    ...{ serverMsgID, clientMsgID, sessionType, sendID, recvID, groupID, msgFrom, contentType, ex },
    senderName: isSingle ? (user?.nickname ?? '') : group === undefined ? '' : message.senderNickname,
    faceURL: isSingle ? (user?.faceURL ?? '') : '',
    groupName: group?.groupName ?? '',
    groupFaceURL: group?.faceURL ?? '',
    groupType: group?.groupType ?? 0,
    groupMemberCount: group?.memberCount ?? 0,
    LatestMsgRecvTime: message.sendTime,
    content: Buffer.from(message.content).toString(),
  };
}
