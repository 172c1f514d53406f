/** The index of texts on both engines: what is found by what, and how it follows the log. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { Database } from '../../src/database/database.ts';
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { replaceText } from '../../src/search/replaced-text.ts';
import { TextIndex } from '../../src/search/text-index.ts';
import { messagesPerBlock } from '../../src/search/text-index-store.ts';
import { wordsOf } from '../../src/search/words.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { SqlTextIndexStore } from '../../src/store/sql-text-index-store.ts';
import { within } from '../support/within.ts';
import { testOnEveryDatabase } from './every-database.ts';

/** Texts, and what is looked for: found or not. */
const phrases: readonly (readonly [text: string, found: readonly string[], not: readonly string[]])[] = [
  ['我们明天在北京见面吧', ['明天', '北京', '我们明天在北京见面吧', '见'], ['明在', '天明', '上海']],
  ['今日はサーバーを再起動します', ['サーバー', '再起動', 'ｻｰﾊﾞｰ', '起'], ['サバ', '動再']],
  ['用iPhone15拍的照片', ['iphone15', '拍的', '用IPHONE15拍', '照片'], ['iphone', 'phone15']],
  ['Lunch at 12:30, don’t be late!', ['lunch', 'at 12:30', 'DON’T', 'be-late'], ['lun', 'at 12:31', 'late be']],
  ['서울에서 만나요', ['서울', '만나'], ['울서']],
  ['well done 👍🏽👍 🎉', ['👍', '🎉', 'done 👍'], ['🙂', '🎉👍']],
  ['quotes \' " and \\ * : ( ) & | ! <-> NEAR OR', ["' quotes", 'near or', 'and * near', 'or'], ['quotes or']],
  ['naïve Ünïcode', ['NAÏVE', 'ünïcode'], ['naive']],
];

testOnEveryDatabase('TextIndex', async (t, { db, peer }) => {
  const store = new SqlTextIndexStore(db);

  await t.test('9.11: words are found in a row, as a part of what has no spaces and whole elsewhere', async () => {
    await say(
      db,
      'sg_texts',
      phrases.map(([text]) => text),
    );
    await indexed(db, ['sg_texts']);
    const logNo = await logNumber(store, 'sg_texts');
    const piece = { logNo, lower: 1, upper: phrases.length };
    for (const [index, [text, found, not]] of phrases.entries()) {
      for (const keyword of [...found, ...not]) {
        const [seqs = []] = await store.find(wordsOf(keyword), [piece]);
        assert.equal(seqs.includes(index + 1), found.includes(keyword), `${keyword} in ${text}`);
      }
    }
  });

  await t.test('a piece has its bounds and no other log, and gives the newest first', async () => {
    await say(db, 'si_a_b', ['red', 'red', 'blue', 'red', 'red']);
    await say(db, 'si_a_c', ['red']);
    await indexed(db, ['si_a_b', 'si_a_c']);
    const [first, second] = [await logNumber(store, 'si_a_b'), await logNumber(store, 'si_a_c')];
    const pieces = [
      { logNo: second, lower: 1, upper: 9 },
      { logNo: first, lower: 2, upper: 4 },
      { logNo: first, lower: 3, upper: 3 },
      { logNo: 999_999, lower: 1, upper: 9 },
    ];
    assert.deepEqual(await store.find(['red'], pieces), [[1], [4, 2], [], []]);
  });

  await t.test('seqs of another block are found where they are', async () => {
    const seq = messagesPerBlock * 1000 + 1;
    await db.transaction(async (tx) => {
      const [cursor] = await store.cursors(tx, ['sg_blocks']);
      const { logNo = 0 } = cursor ?? {};
      await store.write(tx, [{ logNo, seq, words: ['far'] }], []);
    });
    const logNo = await logNumber(store, 'sg_blocks');
    assert.deepEqual(await store.find(['far'], [{ logNo, lower: seq - 1, upper: seq + 1 }]), [[seq]]);
  });

  await t.test('anywhere: by log and seq from place to place, with what is known of the message', async () => {
    await say(db, 'sg_any', ['needle', 'hay', 'a needle'], { sendID: 'ann' });
    await indexed(db, ['sg_any']);
    const first = await store.findAnywhere(['needle'], undefined, 1);
    const rest = await store.findAnywhere(['needle'], first[0], 10);
    assert.deepEqual(
      [...first, ...rest].map(({ logID, seq, sendID, contentType, sentAt }) => [
        logID,
        seq,
        sendID,
        contentType,
        sentAt,
      ]),
      [
        ['sg_any', 1, 'ann', 101, 1],
        ['sg_any', 3, 'ann', 101, 3],
      ],
    );
    assert.deepEqual(await store.findAnywhere(['needle'], rest.at(-1), 10), []);
  });

  await t.test('a text that is written again takes the place of the one before', async () => {
    await say(db, 'sg_edit', ['old words']);
    await indexed(db, ['sg_edit']);
    const logNo = await logNumber(store, 'sg_edit');
    await db.transaction((tx) => store.write(tx, [{ logNo, seq: 1, words: ['new', 'words'] }], []));
    const found = async (word: string) => (await store.find([word], [{ logNo, lower: 1, upper: 1 }]))[0];
    assert.deepEqual([await found('old'), await found('new')], [[], [1]]);

    const edited = (content: object) => newMsgData({ contentType: 101, content: Buffer.from(JSON.stringify(content)) });
    const replace = (seq: number, content: object) =>
      db.transaction((tx) => replaceText(store, tx, { logID: 'sg_edit', seq }, edited(content)));
    await replace(1, { content: 'newest words' });
    assert.deepEqual([await found('new'), await found('newest')], [[], [1]]);
    await replace(1, { content: '!' });
    assert.deepEqual(await found('newest'), []);
    await replace(2, { content: 'newest' });
    assert.deepEqual(await store.find(['newest'], [{ logNo, lower: 1, upper: 9 }]), [[]], 'not come to yet');
  });

  await t.test('what is forgotten is not found any more, and the rest is', async () => {
    await say(db, 'sg_gone', ['gone', 'gone', 'gone']);
    await indexed(db, ['sg_gone']);
    await db.transaction((tx) => store.forget(tx, 'sg_gone', [1, 3, 99]));
    await db.transaction((tx) => store.forget(tx, 'sg_unknown', [1]));
    const logNo = await logNumber(store, 'sg_gone');
    assert.deepEqual(await store.find(['gone'], [{ logNo, lower: 1, upper: 99 }]), [[2]]);
  });

  await t.test('what an earlier process has left is indexed after the start, notifications never', async () => {
    const logs = Array.from({ length: 120 }, (_, index) => `sg_left${index}`);
    for (const logID of logs) await say(db, logID, ['left']);
    await say(db, 'n_a_b', ['left']);
    const failed: unknown[] = [];
    const indexing = index(peer, { failed: (error) => failed.push(error) });
    indexing.start();
    await indexing.idle();
    assert.deepEqual(
      (await store.chats('s', 1000)).filter(({ isBehind }) => isBehind),
      [],
    );
    const numbers = await store.logNumbers([...logs, 'n_a_b']);
    assert.deepEqual([numbers.size, failed], [logs.length, []]);
    await indexing.close();
  });

  await t.test('a log of many pieces is indexed whole, by two processes at once each text once', async () => {
    await say(
      db,
      'sg_long',
      Array.from({ length: 350 }, (_, number) => `number ${number}`),
    );
    const both = [index(db), index(peer)];
    for (const one of both) one.note('sg_long');
    await Promise.all(both.map((one) => one.idle()));
    const logNo = await logNumber(store, 'sg_long');
    const [seqs = []] = await store.find(['number'], [{ logNo, lower: 1, upper: 400 }]);
    assert.deepEqual(
      seqs,
      Array.from({ length: 350 }, (_, number) => 350 - number),
    );
    for (const one of both) await one.close();
  });

  await t.test('what could not be indexed is tried again', async () => {
    await say(db, 'sg_again', ['patience']);
    let isBroken = true;
    const failed: unknown[] = [];
    const indexing = index(
      {
        ...db,
        transaction: (work) => {
          if (!isBroken) return db.transaction(work);
          isBroken = false;
          return Promise.reject(new Error('the database is gone'));
        },
      },
      { failed: (error) => failed.push(error) },
    );
    indexing.note('sg_again');
    await indexing.idle();
    assert.deepEqual(failed, [new Error('the database is gone')]);
    const logNo = await logNumber(store, 'sg_again');
    assert.deepEqual(await store.find(['patience'], [{ logNo, lower: 1, upper: 1 }]), [[1]]);
    await indexing.close();
  });
});

/** A follower that does not rest. */
function index(db: Database, observer: { failed?: (error: unknown) => void } = {}) {
  const events = new EventEmitter();
  const indexing = new TextIndex({
    store: new SqlTextIndexStore(db),
    unitOfWork: { transaction: (work) => db.transaction(work) },
    observer: {
      waiting: (logs) => logs === 0 && events.emit('idle'),
      indexed: () => {},
      failed: (error) => (observer.failed ?? assert.ifError)(error),
    },
    pace: {
      settleMs: 0,
      restWhenQuiet: 0,
      restWhenLate: 0,
      lateAfterMs: 0,
      restWhenBusy: 0,
      firstRetryMs: 1,
      longestRetryMs: 1,
    },
  });
  return Object.assign(indexing, { idle: () => within('the index to be idle', once(events, 'idle'), 20_000) });
}

async function indexed(db: Database, logIDs: readonly string[]): Promise<void> {
  const indexing = index(db);
  for (const logID of logIDs) indexing.note(logID);
  await indexing.idle();
  await indexing.close();
}

async function logNumber(store: SqlTextIndexStore, logID: string): Promise<number> {
  return (await store.logNumbers([logID])).get(logID) ?? 0;
}

async function say(db: Database, logID: string, texts: readonly string[], more: object = {}): Promise<void> {
  await new SqlMessageStore(db).append(
    texts.map((content, number) => ({
      ...{ logID, sendID: 'u', clientMsgID: `${number}`, serverMsgID: `${number}`, hasChosenTime: true },
      ...{ sentAt: number + 1, acceptedAt: 1, sessionType: 3, contentType: 101, raisesSenderReadSeq: false },
      bodyWithoutSeq: MsgData.encode(
        newMsgData({ contentType: 101, content: Buffer.from(JSON.stringify({ content })) }),
      ).finish(),
      ...more,
    })),
  );
}
