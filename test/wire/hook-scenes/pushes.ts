/** Hooks of pushes (objects-push-webhooks chapter, 3.5): of a server on which only they are on, with a phone of bob's. */
import type { Scene } from '../hook-world.ts';

/** P of 3.3. */
const push = (fields: object) => ({
  ...{ operationID: '*', platformID: 0, platform: '', clientMsgID: '*', sendID: 'alice', groupID: '' },
  ...{ contentType: 101, sessionType: 1, atUserIDList: null, content: '{"content":"hello"}' },
  ...fields,
});

const info = { title: 'T', desc: 'D', ex: 'E', iOSPushSound: 'S', iOSBadgeCount: true, signalInfo: '' };

export const pushScenes: readonly Scene[] = [
  {
    name: 'a message of a single chat: before it goes to sockets, and before a phone is woken',
    act: (on) => on.send({ recvID: 'bob', sessionType: 1, offlinePushInfo: info }),
    heard: [
      ['BeforeOnlinePush', push({ userIDList: ['bob', 'alice'] })],
      ['BeforeOfflinePush', push({ ...info, userIDList: ['bob'] })],
    ],
  },
  {
    name: 'a message of a group, with its seq',
    act: (on) => on.send({ groupID: 'team', sessionType: 3 }),
    heard: [
      ['BeforeGroupOnlinePush', push({ groupID: 'team', sessionType: 3, seq: 2 })],
      ['BeforeOfflinePush', push({ groupID: 'team', sessionType: 3, userIDList: ['bob', 'carol'] })],
    ],
  },
  {
    name: 'a notification, of which it is told what it is about',
    act: (on) => on.done('/user/update_user_info_ex', { userInfo: { userID: 'carol', ex: 'x' } }),
    heard: [
      [
        'BeforeOnlinePush',
        push({ sendID: 'imAdmin', contentType: 1303, userIDList: ['carol', 'imAdmin'], content: '{"userID":"carol"}' }),
      ],
    ],
  },
];
