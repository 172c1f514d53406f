import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newMsgData } from '../protocol/message.ts';
import { maxWords, wordsOfMessage } from './message-words.ts';

const words = (contentType: number, content: unknown, options: readonly [string, boolean][] = []) =>
  wordsOfMessage(
    newMsgData({
      contentType,
      content: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
      options: new Map(options),
    }),
  ).join(' ');

for (const [type, content, found] of [
  [101, { content: 'Hi there' }, 'hi there'],
  [101, { Content: 'of a bot' }, 'of a bot'],
  [102, { sourcePicture: { url: 'http://host/cat.png' } }, ''],
  [105, { fileName: 'Report-2024.pdf', sourceUrl: 'http://host/x' }, 'report 2024 pdf'],
  [106, { text: '@bob look', atUserList: ['bob'] }, 'bob look'],
  [107, { title: 'Chat of a', abstractList: ['a: one', 'b: two'], multiMessage: [{}] }, 'chat of a ␞ a one ␞ b two'],
  [108, { userID: 'u1', nickname: 'Ann', ex: 'no' }, 'ann'],
  [109, { description: 'At home', longitude: 1, latitude: 2 }, 'at home'],
  [110, { data: '{"no":1}', description: 'A game', extension: 'no' }, 'a game'],
  [114, { text: 'my answer', quoteMessage: { content: 'no' } }, 'my answer'],
  [117, { text: 'rich' }, 'rich'],
  [118, { content: '# Head *word*' }, 'head word'],
  [1400, { detail: JSON.stringify({ notificationName: 'News', text: 'Hot', url: 'no' }) }, 'news ␞ hot'],
  [1501, { detail: '{"text":"no"}' }, ''],
  [113, { msgTips: 'yes' }, ''],
  [101, '["not an object"]', ''],
  [101, 'not JSON', ''],
  [101, { content: 5 }, ''],
] as const) {
  test(`9.11: of ${type} ${JSON.stringify(content)} is found: ${found}`, () => {
    assert.equal(words(type, content), found);
  });
}

test('9.11: what is burnt after reading is not found', () => {
  assert.equal(words(101, { content: 'secret' }, [['notPrivate', false]]), '');
});

test('9.11: of a very long text the first words are found', () => {
  assert.equal(words(101, { content: '字'.repeat(maxWords + 1) }).length, 2 * maxWords - 1);
});
