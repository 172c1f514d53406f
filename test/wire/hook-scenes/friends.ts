/** Hooks of friends and black lists (objects-push-webhooks chapter, 3.7). */
import type { HeardBody, Scene } from '../hook-world.ts';
import { chatOf } from './conversations.ts';

const fromTo = { fromUserID: 'dora', toUserID: 'emil' };
const agreement = { ...fromTo, blackUserID: 'emil', HandleResult: 1, HandleMsg: 'yes' };
const friends = { ownerUserID: 'dora', friendUserID: 'emil' };
const imported = { ownerUserID: 'dora', friendUserIDs: ['bob', 'carol'] };
const blocking = { ownerUserID: 'dora', blackUserID: 'emil' };

const opened = (conversation: object): HeardBody => ['AfterCreateSingleChatConversations', conversation];

export const friendScenes: readonly Scene[] = [
  {
    name: 'somebody asks to be friends',
    act: (on) => on.done('/friend/add_friend', { ...fromTo, reqMsg: 'hi', ex: 'x' }),
    heard: [
      ['BeforeAddFriend', { ...fromTo, reqMsg: 'hi', ex: 'x' }],
      ['AfterAddFriend', { ...fromTo, reqMsg: 'hi' }],
    ],
  },
  {
    name: 'who says no to it tells nobody outside',
    act: (on) => on.done('/friend/add_friend_response', { ...fromTo, handleResult: -1 }),
    heard: [],
  },
  {
    name: 'somebody asks again, and the other one agrees: which opens their chat, of which nobody is asked',
    act: async (on) => {
      await on.done('/friend/add_friend', { ...fromTo, reqMsg: '', ex: '' });
      await on.done('/friend/add_friend_response', { ...fromTo, handleResult: 1, handleMsg: 'yes' });
    },
    heard: [
      ['BeforeAddFriend', { ...fromTo, reqMsg: '', ex: '' }],
      ['BeforeAddFriendAgree', agreement],
      ['AfterAddFriend', { ...fromTo, reqMsg: '' }],
      ['AfterAddFriendAgree', agreement],
      ...chatOf('dora', 'emil').map(opened),
    ],
  },
  {
    name: 'a remark is set of a friend',
    act: (on) => on.done('/friend/set_friend_remark', { ...friends, remark: 'R' }),
    heard: [
      ['BeforeSetFriendRemark', { ...friends, remark: 'R' }],
      ['AfterSetFriendRemark', { ...friends, remark: 'R' }],
    ],
  },
  {
    name: 'a friend is deleted',
    act: (on) => on.done('/friend/delete_friend', friends),
    heard: [['AfterDeleteFriend', friends]],
  },
  {
    name: 'friends are imported, and their chats opened',
    act: (on) => on.done('/friend/import_friend', imported),
    heard: [
      ['BeforeImportFriends', imported],
      ['AfterImportFriends', imported],
      ...[...chatOf('bob', 'dora'), ...chatOf('carol', 'dora')].map(opened),
    ],
  },
  {
    name: 'a user is blocked, and not any more',
    act: async (on) => {
      await on.done('/friend/add_black', blocking);
      await on.done('/friend/remove_black', blocking);
    },
    heard: [
      ['BeforeAddBlack', blocking],
      ['AfterRemoveBlack', blocking],
    ],
  },
];
