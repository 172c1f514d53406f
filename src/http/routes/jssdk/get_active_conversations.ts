import { GetActiveConversationsReq } from '../../../protocol/gen/openim.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { conversationList, encodeConversationList } from '../../objects/jssdk.ts';

export default endpoint({
  path: '/jssdk/get_active_conversations',
  summary: "The caller's most recent conversations with partner, last message and unread count",
  access: 'anyone',
  example: { ownerUserID: 'alice', count: 20 },
  request: Wire.object({
    ownerUserID: Wire.id({ description: 'Ignored: the caller is meant' }),
    count: Wire.int64({ description: '1 to 500; anything else means 100' }),
  }),
  response: conversationList,
  protobuf: { decode: (bytes) => GetActiveConversationsReq.decode(bytes), encode: encodeConversationList },
  handle: (call, body, { previews }) => previews.active(call, body.count),
});
