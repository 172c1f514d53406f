import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { decodePullMsgs, pullMsgs } from '../../objects/message.ts';

export default endpoint({
  path: '/msg/pull_msg_by_seq',
  summary: 'Messages of conversations by ranges of seqs',
  access: self('userID'),
  required: ['userID'],
  example: { userID: 'alice', seqRanges: [{ conversationID: 'si_alice_bob', begin: 1, end: 20, num: 20 }] },
  request: Wire.object({
    userID: Wire.id(),
    seqRanges: Wire.list(
      Wire.object({
        conversationID: Wire.id(),
        begin: Wire.int64(),
        end: Wire.int64(),
        num: Wire.int64({ description: 'How many of the range at the most: the newest ones' }),
      }),
    ),
    order: Wire.int32({ description: '0 ascending, 1 descending: decides what isEnd refers to' }),
  }),
  response: Wire.object({ msgs: Wire.map(pullMsgs), notificationMsgs: Wire.map(pullMsgs) }),
  handle: async (call, body, { history }) => {
    const { chats, notifications } = await history.pullRanges(call, { ...body, order: body.order === 1 ? 1 : 0 });
    return { msgs: decodePullMsgs(chats), notificationMsgs: decodePullMsgs(notifications) };
  },
});
