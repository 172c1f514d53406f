/** Hooks of messages (objects-push-webhooks chapter, 3.4). */
import type { Scene } from '../hook-world.ts';

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
    name: 'F35 a message of a single chat: before it is sent, before it is changed, and once it is stored',
    act: (on) => on.send({ ...toBob }),
    heard: [
      ['BeforeSendSingleMsg', message({ recvID: 'bob' })],
      ['BeforeMsgModify', message({})],
      ['AfterMsgSaveDB', message({ status: 2, recvID: 'bob', groupID: '', seq: 1 })],
      ['AfterSendSingleMsg', message({ status: 2, recvID: 'bob' })],
    ],
  },
  {
    name: 'an admin asks nobody before it sends to a user',
    act: (on) => on.send({ ...toBob, sendID: 'imAdmin' }),
    heard: [
      ['BeforeMsgModify', message({ sendID: 'imAdmin' })],
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
];
