/** Hooks of conversations (objects-push-webhooks chapter, 3.9). */
import type { Scene } from '../hook-world.ts';

/** As a conversation begins. */
const conversation = (ownerUserId: string, conversationId: string, fields: object) => ({
  ...{ ownerUserId, conversationId, conversationType: 1, recvMsgOpt: 0, isPinned: false, isPrivateChat: false },
  ...{ burnDuration: 0, groupAtType: 0, attachedInfo: '', ex: '', ...fields },
});

/** Both sides of a chat of two. */
export const chatOf = (one: string, other: string) =>
  [
    [one, other],
    [other, one],
  ].map(([owner = '', userId = '']) => conversation(owner, `si_${one}_${other}`, { userId }));

/** Of all who join together. */
export const groupChat = (groupId: string) => conversation('', `sg_${groupId}`, { conversationType: 3, groupId });

const official = conversation('bob', 'sn_bob_imAdmin', { conversationType: 4, userId: 'imAdmin' });

/** Also in scenes of messages, friends and groups: whatever opens a conversation. */
export const conversationScenes: readonly Scene[] = [
  {
    name: 'the first thing that an account of the system tells a user opens one conversation; the second one none',
    act: async (on) => {
      const told = {
        ...{ sendID: 'imAdmin', recvID: 'bob', sessionType: 4, contentType: 1400 },
        content: { notificationName: 'n', notificationFaceURL: '', notificationType: 1, text: 't', externalUrl: '' },
      };
      for (let count = 0; count < 2; count += 1) await on.done('/msg/send_msg', told);
    },
    heard: [
      ['BeforeCreateSingleChatConversations', official],
      ['AfterCreateSingleChatConversations', official],
    ],
  },
];
