/** Hooks of users (objects-push-webhooks chapter, 3.6). */
import type { Scene } from '../hook-world.ts';

const user = (userID: string, nickname: string, ex = '') => ({
  ...{ userID, nickname, faceURL: '', ex, createTime: '*', appMangerLevel: 0, globalRecvMsgOpt: 0 },
});

export const userScenes: readonly Scene[] = [
  {
    name: 'a user is registered: asked and told of all of them',
    act: (on) =>
      on.done('/user/user_register', {
        users: [
          { userID: 'dora', nickname: 'Dora' },
          { userID: 'emil', nickname: 'E', ex: 'x' },
          { userID: 'tina', nickname: 'T' },
        ],
      }),
    heard: [
      ['BeforeUserRegister', { users: [user('dora', 'Dora'), user('emil', 'E', 'x'), user('tina', 'T')] }],
      ['AfterUserRegister', { users: [user('dora', 'Dora'), user('emil', 'E', 'x'), user('tina', 'T')] }],
    ],
  },
  {
    name: 'update_user_info says by empty texts what stays as it is',
    act: (on) => on.done('/user/update_user_info', { userInfo: { userID: 'dora', nickname: 'D' } }),
    heard: [
      ['BeforeUpdateUserInfo', { userID: 'dora', nickName: 'D', faceURL: '', ex: '' }],
      ['AfterUpdateUserInfo', { userID: 'dora', nickName: 'D', faceURL: '', ex: '' }],
    ],
  },
  {
    name: 'update_user_info_ex says it by null',
    act: (on) => on.done('/user/update_user_info_ex', { userInfo: { userID: 'dora', ex: 'e' } }),
    heard: [
      ['BeforeUpdateUserInfoEx', { userID: 'dora', nickName: null, faceURL: null, ex: 'e' }],
      ['AfterUpdateUserInfoEx', { userID: 'dora', nickName: null, faceURL: null, ex: 'e' }],
    ],
  },
];
