import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownChats } from './known-chats.ts';

const facts = {
  senderLevel: 0,
  receiverGlobalOption: 0,
  receiverOption: 0,
  senderHasRow: true,
  isBlocked: false,
  isFriend: false,
};

test('a chat is known until something of either user changes', () => {
  for (const userID of ['a', 'b']) {
    const chats = new KnownChats();
    chats.keep('a', 'b', 'si_a_b', facts);
    chats.changed(new Set(['c']));
    assert.equal(chats.find('a', 'b', 'si_a_b'), facts);
    chats.changed(new Set([userID]));
    assert.equal(chats.find('a', 'b', 'si_a_b'), undefined);
    chats.keep('a', 'b', 'si_a_b', facts);
    assert.equal(chats.find('a', 'b', 'si_a_b'), facts);
  }
});

test('pairs that share a conversation ID are told apart', () => {
  const chats = new KnownChats();
  chats.keep('a', 'b_c', 'si_a_b_c', facts);
  assert.equal(chats.find('a', 'b', 'si_a_b_c'), undefined);
});

test('O2: neither chats nor changes are kept beyond a bound', () => {
  const chats = new KnownChats(2);
  for (const peer of ['b', 'c', 'd']) chats.keep('a', peer, `si_a_${peer}`, facts);
  assert.deepEqual(
    ['b', 'c', 'd'].map((peer) => chats.find('a', peer, `si_a_${peer}`) !== undefined),
    [false, true, true],
  );
  chats.changed(new Set(['x', 'y', 'z']));
  assert.equal(chats.find('a', 'd', 'si_a_d'), undefined);
});
