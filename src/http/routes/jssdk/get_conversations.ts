import { GetConversationsReq } from '../../../protocol/gen/openim.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { conversationList, encodeConversationList } from '../../objects/jssdk.ts';

export default endpoint({
  path: '/jssdk/get_conversations',
  summary: 'Some of the caller’s conversations with partner, last message and unread count',
  access: 'anyone',
  example: { ownerUserID: 'alice', conversationIDs: ['si_alice_bob'] },
  request: Wire.object({
    ownerUserID: Wire.id({ description: 'Ignored: the caller is meant' }),
    conversationIDs: Wire.list(Wire.id()),
  }),
  response: conversationList,
  // Of a chat that has changed while the JS SDK was about to ask for it.
  takesEmptyOperationID: true,
  protobuf: { decode: (bytes) => GetConversationsReq.decode(bytes), encode: encodeConversationList },
  handle: (call, body, { previews }) => previews.byIDs(call, body.conversationIDs),
});
