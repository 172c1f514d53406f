/** No two conversations have one log, whatever their members are called. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { companionNotificationID, conversationIDOf } from './conversation-id.ts';
import { chatLogID, companionLogID, logIDOf } from './log-id.ts';

const names = ['a', 'b', 'a_a', 'a_b', 'b_a', 'a_', '_a', '_', '__', 'a_a_a', 'a_b_a'];

const addressed = (sessionType: number, sendID: string, recvID: string, groupID: string, isNotification: boolean) => ({
  sessionType,
  sendID,
  recvID,
  groupID,
  options: new Map(isNotification ? [['isNotNotification', false]] : []),
});

describe('log IDs', () => {
  test('M5: of different pairs and groups are different', () => {
    const owners = new Map<string, string>();
    const claim = (logID: string, owner: string) => {
      assert.equal(owners.get(logID) ?? owner, owner, logID);
      owners.set(logID, owner);
    };
    for (const isNotification of [false, true]) {
      for (const a of names) {
        for (const b of names) {
          for (const type of [1, 4]) {
            // A chat and an official account's messages share their notifications.
            const owner = `${isNotification ? 'n' : type} ${[a, b].sort().join(' ')}`;
            claim(logIDOf(addressed(type, a, b, '', isNotification)), owner);
          }
        }
        claim(logIDOf(addressed(3, 'x', a, a, isNotification)), `${isNotification ? 'n' : ''} group ${a}`);
      }
    }
  });

  test('both sides of a pair have the same, and so do rows and messages', () => {
    for (const a of names) {
      for (const b of names) {
        const message = addressed(1, a, b, '', false);
        const conversationID = conversationIDOf(message);
        const row = { conversationID, conversationType: 1, ownerUserID: b, userID: a };
        assert.equal(logIDOf(addressed(1, b, a, '', false)), logIDOf(message));
        assert.equal(chatLogID(row), logIDOf(message));
        assert.equal(companionLogID(chatLogID(row)), logIDOf(addressed(1, a, b, '', true)));
      }
      const group = { conversationID: `sg_${a}`, conversationType: 3, ownerUserID: 'x', userID: '' };
      assert.equal(companionLogID(chatLogID(group)), logIDOf(addressed(3, 'x', a, a, true)));
    }
  });

  test('where nothing is ambiguous they are the IDs that clients know', () => {
    for (const [type, a, b] of [
      [1, 'u1', 'u2'],
      [1, 'u_1', 'u_1'],
      [4, 'news', 'u1'],
    ] as const) {
      const message = addressed(type, a, b, '', false);
      assert.equal(logIDOf(message), conversationIDOf(message));
      assert.equal(companionLogID(logIDOf(message)), companionNotificationID(conversationIDOf(message)));
    }
  });
});
