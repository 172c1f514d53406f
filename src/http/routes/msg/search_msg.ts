/** Protocol: conversations-messages.md 9.10. */
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import type { FoundMessage } from '../../../search/message-search.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/search_msg',
  summary: 'Looks for messages of single chats and groups, the oldest first; only for admins',
  description:
    'A call looks at a bounded number of messages. `chatLogsNum` counts those that it has found there: it is all there are unless there is more to look at, where `nextCursor` goes on.',
  access: 'admin',
  required: ['pagination'],
  example: { sendID: 'alice', recvID: 'bob', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({
    sendID: Wire.id(),
    recvID: Wire.id({ description: 'the receiver of a single chat, or a group' }),
    contentType: Wire.int32(),
    sendTime: Wire.string({ description: 'a day of UTC, YYYY-MM-DD' }),
    sessionType: Wire.int32({ enum: [1, 3] }),
    keyword: Wire.string({
      description: 'that the text holds, as for search_my_msg; then chats come one after another',
    }),
    pagination: wirePagination,
    cursor: Wire.id({
      description: "an earlier answer's `nextCursor`: the page begins there, and its number is ignored",
    }),
  }),
  response: Wire.object({
    chatLogs: Wire.list(
      Wire.object({
        chatLog: Wire.object(
          {
            serverMsgID: Wire.id(),
            clientMsgID: Wire.id(),
            sendID: Wire.id(),
            recvID: Wire.id({ description: 'of a message to a group: the group' }),
            groupID: Wire.id(),
            recvNickname: Wire.string({ description: 'only of single chats' }),
            senderPlatformID: Wire.int32(),
            senderNickname: Wire.string(),
            senderFaceURL: Wire.string(),
            groupName: Wire.string(),
            sessionType: Wire.int32(),
            msgFrom: Wire.int32(),
            contentType: Wire.int32(),
            content: Wire.string({ description: 'as it was sent' }),
            status: Wire.int32(),
            sendTime: Wire.int64(),
            createTime: Wire.int64(),
            ex: Wire.string(),
            groupFaceURL: Wire.string(),
            groupMemberCount: Wire.uint32(),
            seq: Wire.int64(),
            groupOwner: Wire.id(),
            groupType: Wire.int32(),
          },
          { title: 'ChatLog' },
        ),
        isRevoked: Wire.bool(),
      }),
    ),
    chatLogsNum: Wire.int32(),
    nextCursor: Wire.id({ description: 'empty: there is no more' }),
  }),
  handle: async (call, { sendTime, ...query }, { messageSearch }) => {
    const { page, total, nextCursor } = await messageSearch.find(call, { ...query, day: sendTime });
    return {
      chatLogs: page.map((found) => ({ chatLog: toChatLog(found), isRevoked: found.isRevoked })),
      chatLogsNum: total,
      nextCursor,
    };
  },
});

function toChatLog({ message, sender, receiver, group }: FoundMessage) {
  return {
    serverMsgID: message.serverMsgID,
    clientMsgID: message.clientMsgID,
    sendID: message.sendID,
    recvID: message.groupID === '' ? message.recvID : message.groupID,
    groupID: message.groupID,
    recvNickname: receiver?.nickname ?? '',
    senderPlatformID: message.senderPlatformID,
    senderNickname: message.senderNickname === '' ? (sender?.nickname ?? '') : message.senderNickname,
    senderFaceURL: message.senderFaceURL,
    groupName: group?.name ?? '',
    sessionType: message.sessionType,
    msgFrom: message.msgFrom,
    contentType: message.contentType,
    content: Buffer.from(message.content).toString(),
    status: message.status,
    sendTime: message.sendTime,
    createTime: message.createTime,
    ex: message.ex,
    groupFaceURL: group?.faceURL ?? '',
    groupMemberCount: group?.memberCount ?? 0,
    seq: message.seq,
    groupOwner: group?.ownerUserID ?? '',
    groupType: group?.groupType ?? 0,
  };
}
