/** Content that clients drop but count must be told from content that they show. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isReadableContent } from './message-content.ts';
import { contentTypes } from './numbers/contents.ts';

const parsed = Object.values(contentTypes).filter(
  (type) => type !== contentTypes.legacyRevoke && type !== contentTypes.pinned,
);

describe('content', () => {
  for (const type of [...parsed, 1400, 2200]) {
    test(`${type}: what is not a JSON object cannot be read`, () => {
      for (const text of ['hi', '', '{', '"hi"', '7', 'null', '[]', '{"a":1}}', '\u{FEFF}{}']) {
        assert.equal(isReadableContent(type, Buffer.from(text)), false, text);
      }
    });
    test(`${type}: an object with unknown fields can be read`, () => {
      assert.equal(isReadableContent(type, Buffer.from('{"of another time":[1,{"x":null}]}')), true);
    });
  }

  for (const type of [contentTypes.legacyRevoke, 121, 122, 143, 200, 203, 999, 2400, 5001]) {
    test(`${type} is parsed by no SDK: anything goes`, () => {
      assert.equal(isReadableContent(type, Buffer.from('anything')), true);
    });
  }

  const cases: readonly [type: number, content: string, isReadable: boolean][] = [
    [101, '{"content":"hi"}', true],
    [101, '{"content":null}', true],
    [101, '{"content":5}', false],
    [101, '{"CONTENT":5}', false],
    [102, '{"sourcePicture":{"uuid":"u","size":5,"width":1,"height":1,"url":"x"},"bigPicture":null}', true],
    [102, '{"sourcePicture":{"size":"5"}}', false],
    [103, '{"sourceUrl":"x","duration":3}', true],
    [103, '{"sourceUrl":"x","duration":3.5}', false],
    [106, '{"text":"x","atUserList":["u1"],"isAtSelf":false}', true],
    [106, '{"text":"x","atUserList":"u1"}', false],
    [107, '{"title":"t","multiMessage":[{"clientMsgID":"c"}]}', true],
    [107, '{"title":"t","multiMessage":["c"]}', false],
    [109, '{"description":"d","longitude":1.5,"latitude":-2}', true],
    [110, '{"data":{"an":"object"}}', false],
    [110, '{"data":"{}","description":"","extension":""}', true],
    [114, '{"text":"x","quoteMessage":{"seq":1}}', true],
    [114, '{"text":"x","quoteMessage":"gone"}', false],
    [2001, '{"detail":"{\\"key\\":\\"k\\"}"}', true],
    [2001, '{"detail":"not JSON"}', false],
  ];
  for (const [type, content, isReadable] of cases) {
    test(`${type}: ${content} ${isReadable ? 'can' : 'cannot'} be read`, () => {
      assert.equal(isReadableContent(type, Buffer.from(content)), isReadable);
    });
  }
});
