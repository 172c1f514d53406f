/** Names of conversations, as clients compute them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  companionNotificationID,
  conversationIDOf,
  groupChatID,
  groupNotificationID,
  isNotificationConversation,
  notificationID,
  officialChatID,
  selfNotificationID,
  singleChatID,
} from './conversation-id.ts';
import { ProtocolError } from './errors.ts';

describe('conversation IDs', () => {
  test('a single chat has one name for both users', () => {
    assert.equal(singleChatID('u2', 'u1'), 'si_u1_u2');
    assert.equal(singleChatID('u1', 'u2'), 'si_u1_u2');
    assert.equal(singleChatID('u', 'u'), 'si_u_u');
  });

  test('users sort by UTF-8 bytes: upper case first, shorter first, beyond the BMP last', () => {
    assert.equal(singleChatID('a', 'B'), 'si_B_a');
    assert.equal(singleChatID('u10', 'u1'), 'si_u1_u10');
    assert.equal(singleChatID('u_', 'u'), 'si_u_u_');
    assert.equal(singleChatID('\u{1f600}', '\uff5e'), 'si_\uff5e_\u{1f600}');
  });

  test('the other forms', () => {
    assert.equal(groupChatID('g1'), 'sg_g1');
    assert.equal(groupNotificationID('g1'), 'n_g1');
    assert.equal(officialChatID('sys', 'abc'), 'sn_abc_sys');
    assert.equal(notificationID('b', 'a'), 'n_a_b');
    assert.equal(selfNotificationID('u_1'), 'n_u_1_u_1');
  });

  test('a companion replaces what stands before the first underscore', () => {
    const pairs = { si_a_b: 'n_a_b', sg_1: 'n_1', sn_a_b: 'n_a_b', n_a_b: 'n_a_b', nothing: '', '': '', _x: 'n_x' };
    for (const [chat, companion] of Object.entries(pairs)) assert.equal(companionNotificationID(chat), companion);
  });

  test('a notification conversation starts with n_', () => {
    const ids = ['n_a_b', 'n_', 'si_n_a', 'n', 'N_a', ''];
    assert.deepEqual(ids.map(isNotificationConversation), [true, true, false, false, false, false]);
  });
});

describe('the conversation of a message', () => {
  const table: [sessionType: number, chat: string, notification: string][] = [
    [1, 'si_u1_u2', 'n_u1_u2'],
    [2, 'g_g1', 'n_g1'],
    [3, 'sg_g1', 'n_g1'],
    [4, 'sn_u1_u2', 'n_u1_u2'],
  ];
  const message = (sessionType: number, options: [string, boolean][]) =>
    conversationIDOf({ sessionType, sendID: 'u2', recvID: 'u1', groupID: 'g1', options: new Map(options) });

  for (const [sessionType, chat, notification] of table) {
    test(`session type ${sessionType}: ${chat}, or ${notification} when isNotNotification is false`, () => {
      assert.equal(message(sessionType, []), chat);
      assert.equal(message(sessionType, [['isNotNotification', true]]), chat);
      assert.equal(message(sessionType, [['isNotNotification', false]]), notification);
    });
  }

  test('O1: an unknown session type is an argument error', () => {
    for (const sessionType of [0, 5, -1, Number.NaN]) {
      assert.throws(
        () => message(sessionType, []),
        (error) => error instanceof ProtocolError && error.code === 1001,
      );
    }
  });
});
