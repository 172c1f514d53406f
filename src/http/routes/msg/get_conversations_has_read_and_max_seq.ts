import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/get_conversations_has_read_and_max_seq',
  summary: "Read position and newest seq of a user's conversations",
  access: self('userID'),
  required: ['userID'],
  example: { userID: 'alice', conversationIDs: ['si_alice_bob'] },
  request: Wire.object({
    userID: Wire.id(),
    conversationIDs: Wire.list(Wire.id(), { description: 'Empty: all conversations of the user' }),
    returnPinned: Wire.bool(),
  }),
  response: Wire.object({
    seqs: Wire.map(
      Wire.object({
        maxSeq: Wire.int64(),
        hasReadSeq: Wire.int64(),
        maxSeqTime: Wire.int64({ description: 'Unix ms of the newest message' }),
      }),
    ),
    pinnedConversationIDs: Wire.list(Wire.id()),
  }),
  handle: (call, body, { history }) => history.readPositions(call, body),
});
