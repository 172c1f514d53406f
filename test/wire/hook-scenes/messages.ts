/** Hooks of messages (objects-push-webhooks chapter, 3.4). */
import type { HeardBody, Scene } from '../hook-world.ts';
import { chatOf } from './conversations.ts';

const [ofAlice, ofBob] = chatOf('alice', 'bob') as [object, object];

const toBob = { recvID: 'bob', sessionType: 1 };
const atBob = { text: 'hi', atUserList: ['bob'] };

/** M of 3.3 as send_msg makes it. */
const message = (fields: object) => ({
  ...{ operationID: '*', clientMsgID: '*', serverMsgID: '*', sendTime: '*', createTime: '*' },
  ...{ sendID: 'alice', senderPlatformID: 0, senderNickname: '', sessionType: 1, msgFrom: 200 },
  ...{ contentType: 101, status: 0, content: '{"content":"hello"}', seq: 0, atUserList: null, faceURL: '', ex: '' },
  ...fields,
});

const atMessage = (fields: object) =>
  message({
    ...{ sessionType: 3, contentType: 106, atUserList: ['bob'] },
    ...{ content: JSON.stringify(atBob), ...fields },
  });

export const messageScenes: readonly Scene[] = [
  {
    name: 'F35 a message of a single chat: before it is sent, before it is changed, of both conversations that it opens, and once it is stored',
    act: (on) => on.send({ ...toBob }),
    heard: [
      ['BeforeSendSingleMsg', message({ recvID: 'bob' })],
      ['BeforeMsgModify', message({})],
      ['BeforeCreateSingleChatConversations', ofAlice],
      ['BeforeCreateSingleChatConversations', ofBob],
      ['AfterCreateSingleChatConversations', ofAlice],
      ['AfterCreateSingleChatConversations', ofBob],
      ['AfterMsgSaveDB', message({ status: 2, recvID: 'bob', groupID: '', seq: 1 })],
      ['AfterSendSingleMsg', message({ status: 2, recvID: 'bob' })],
    ],
  },
  {
    name: 'an admin asks nobody before it sends to a user',
    act: (on) => on.send({ ...toBob, sendID: 'imAdmin' }),
    heard: [
      ['BeforeMsgModify', message({ sendID: 'imAdmin' })],
      ...chatOf('bob', 'imAdmin')
        .map((one): HeardBody => ['BeforeCreateSingleChatConversations', one])
        .reverse(),
      ...chatOf('bob', 'imAdmin').map((one): HeardBody => ['AfterCreateSingleChatConversations', one]),
      ['AfterMsgSaveDB', message({ status: 2, sendID: 'imAdmin', recvID: 'bob', groupID: '', seq: 1 })],
      ['AfterSendSingleMsg', message({ status: 2, sendID: 'imAdmin', recvID: 'bob' })],
    ],
  },
  {
    name: 'what is not stored is told of, and that it is stored is not',
    act: (on) => on.send({ ...toBob, isOnlineOnly: true }),
    heard: [
      ['BeforeSendSingleMsg', message({ recvID: 'bob' })],
      ['BeforeMsgModify', message({})],
      ['AfterSendSingleMsg', message({ status: 2, recvID: 'bob' })],
    ],
  },
  {
    name: 'F35 a message of a group: before it is sent, before it is changed, and once it is stored',
    act: (on) => on.send({ groupID: 'team', sessionType: 3, contentType: 106, content: atBob }),
    heard: [
      ['BeforeSendGroupMsg', atMessage({ groupID: 'team' })],
      ['BeforeMsgModify', atMessage({})],
      ['AfterMsgSaveDB', atMessage({ status: 2, groupID: 'team', recvID: '', seq: 9 })],
      ['AfterSendGroupMsg', atMessage({ status: 2, groupID: 'team' })],
    ],
  },
  {
    name: 'F35 a chat of two is read: told with the seqs that were named, and each time',
    act: async (on) => {
      const read = { userID: 'bob', conversationID: 'si_alice_bob' };
      await on.done('/msg/mark_conversation_as_read', { ...read, hasReadSeq: 1, seqs: [] });
      await on.done('/msg/mark_conversation_as_read', { ...read, hasReadSeq: 1, seqs: [1] });
      await on.done('/msg/mark_msgs_as_read', { ...read, seqs: [1] });
    },
    heard: [null, [1], [1]].map((Seqs) => [
      'AfterSingleMsgRead',
      { conversationID: 'si_alice_bob', userID: 'bob', Seqs, contentType: 1 },
    ]),
  },
  {
    name: 'F35 a group is read, or messages of it',
    act: async (on) => {
      const read = { userID: 'bob', conversationID: 'sg_team' };
      await on.done('/msg/mark_conversation_as_read', { ...read, hasReadSeq: 2, seqs: [] });
      await on.done('/msg/mark_msgs_as_read', { ...read, seqs: [9] });
    },
    heard: [
      ['AfterGroupMsgRead', { sendID: 'bob', receiveID: 'bob', unreadMsgNum: 2, contentType: 3 }],
      ['AfterSingleMsgRead', { conversationID: 'sg_team', userID: 'bob', Seqs: [9], contentType: 3 }],
    ],
  },
  {
    name: 'messages are taken back, of a chat of two and of a group',
    act: async (on) => {
      await on.done('/msg/revoke_msg', { userID: 'alice', conversationID: 'si_alice_bob', seq: 1 });
      await on.done('/msg/revoke_msg', { userID: 'alice', conversationID: 'sg_team', seq: 9 });
    },
    heard: [
      ['BeforeAfterMsg', { conversationID: 'si_alice_bob', seq: 1, userID: 'alice' }],
      ['BeforeAfterMsg', { conversationID: 'sg_team', seq: 9, userID: 'alice' }],
    ],
  },
];
