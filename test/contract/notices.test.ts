/** A change and its notice commit together, and a process that dies in between loses neither nor sends one twice. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MemoryBus } from '../../src/bus/memory-bus.ts';
import type { Database } from '../../src/database/database.ts';
import type { Delivery } from '../../src/log/delivery.ts';
import { GroupCommit } from '../../src/log/group-commit.ts';
import { MessagePipeline } from '../../src/log/pipeline.ts';
import { readByPeerNotices } from '../../src/notices/catalogue/messages.ts';
import { type GroupNotice, noticeKind } from '../../src/notices/notice.ts';
import { defaultNoticeSettings, type NoticeName } from '../../src/notices/notice-settings.ts';
import { Notifier, noticeSender } from '../../src/notices/notifier.ts';
import { Outbox } from '../../src/notices/outbox.ts';
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { notificationTypes } from '../../src/protocol/numbers/notices.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { SqlOutboxStore } from '../../src/store/sql-outbox-store.ts';
import { type Databases, testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('Notices', noticesSuite);

async function noticesSuite(t: TestContext, { db }: Databases) {
  const read = (readerID: string) =>
    readByPeerNotices({ readerID, conversationID: `si_peer_${readerID}`, hasReadSeq: 3 }, 'peer', [1, 2, 3]);
  const storedFor = async (readerID: string) =>
    (await new SqlMessageStore(db).range('', `n_peer_${readerID}`, 1, 10, 10)).map(({ seq }) => seq);

  await t.test('a notice is stored once its change has committed', async () => {
    const node = start(db);
    await db.transaction((tx) => node.notifier.notify(tx, { operationID: 'op' }, ...read('readerCalm')));
    await node.outbox.close(limitMs);
    assert.deepEqual(await storedFor('readerCalm'), [1]);
  });

  await t.test('a change that fails sends none', async () => {
    const node = start(db);
    const failure = new Error('no');
    const attempt = db.transaction(async (tx) => {
      await node.notifier.notify(tx, { operationID: 'op' }, ...read('readerUndone'));
      throw failure;
    });
    await assert.rejects(attempt, failure);
    await node.outbox.close(limitMs);
    assert.deepEqual(await storedFor('readerUndone'), []);
  });

  await t.test('M1 a process that dies after the commit has its notice sent by the next one', async () => {
    const dead = start(db, { send: () => new Promise(() => {}) });
    await db.transaction((tx) => dead.notifier.notify(tx, { operationID: 'op' }, ...read('readerLate')));
    assert.deepEqual(await storedFor('readerLate'), []);
    const next = start(db);
    await next.outbox.resume();
    await next.outbox.close(limitMs);
    assert.deepEqual(await storedFor('readerLate'), [1]);
  });

  await t.test('M3 one that dies after sending and before forgetting does not have it stored twice', async () => {
    const sent = Promise.withResolvers<void>();
    const dead = start(db, {
      send: async (send) => {
        await send();
        sent.resolve();
        await new Promise(() => {});
      },
    });
    await db.transaction((tx) => dead.notifier.notify(tx, { operationID: 'op' }, ...read('readerTwice')));
    await sent.promise;
    const next = start(db);
    await next.outbox.resume();
    await next.outbox.close(limitMs);
    assert.deepEqual(await storedFor('readerTwice'), [1]);
  });

  await t.test('what is shown in the chat is stored with the change, and its seq is known then', async () => {
    const node = start(db);
    const seqs = await db.transaction((tx) =>
      node.notifier.notify(tx, call, groupNotice('shown', 'memberKicked'), groupNotice('shown', 'groupInfoSet')),
    );
    assert.deepEqual(seqs, [1, undefined]);
    await node.outbox.close(limitMs);
    await nextTurn();
    const [copy, ...rest] = (await node.messages.range('', 'sg_shown', 1, 9, 9)).map(({ body }) =>
      MsgData.decode(body),
    );
    assert.deepEqual(rest, []);
    // Every other option is on, as in a message of a user.
    assert.deepEqual(
      [...copy!.options],
      [
        ['offlinePush', false],
        ['unreadCount', true],
      ],
    );
    const told = node.delivered.map(({ conversationID, audience }) => [conversationID, audience]);
    const original = ['n_shown', { group: 'shown', plus: ['gone'] }];
    const copied = ['sg_shown', { group: 'shown', plus: ['gone'] }];
    // What follows the one that is shown may take a turn of its own.
    assert.deepEqual(told.toSorted(), [original, original, copied]);
    assert.deepEqual(told[0], original, 'the original first, then its copy');
    const { seq, options } = MsgData.decode(node.delivered[0]!.body);
    assert.deepEqual([seq, options.get('isSendMsg'), options.get('unreadCount')], [0, true, false]);
  });

  await t.test('every notice has an offlinePushInfo, also where its push says nothing', async () => {
    const node = start(db);
    await db.transaction((tx) => node.notifier.notify(tx, { operationID: 'op' }, ...read('readerPushed')));
    await node.outbox.close(limitMs);
    const { offlinePushInfo } = MsgData.decode(node.delivered[0]!.body);
    assert.partialDeepStrictEqual(offlinePushInfo, { title: '', desc: '', ex: '' });
  });

  await t.test('a change that fails leaves nothing in the chat either', async () => {
    const node = start(db);
    const failure = new Error('no');
    const attempt = db.transaction(async (tx) => {
      await node.notifier.notify(tx, call, groupNotice('undone', 'memberKicked'));
      throw failure;
    });
    await assert.rejects(attempt, failure);
    await node.outbox.close(limitMs);
    assert.deepEqual(await node.messages.range('', 'sg_undone', 1, 9, 9), []);
    assert.deepEqual(node.delivered, []);
  });

  await t.test('the call decides against the settings whether it is shown', async () => {
    const node = start(db);
    const seqs = await db.transaction((tx) =>
      node.notifier.notify(
        tx,
        call,
        { ...groupNotice('asked', 'memberKicked'), isSendMsg: false },
        { ...groupNotice('asked', 'groupInfoSet'), isSendMsg: true },
        { ...groupNotice('asked', 'memberKicked'), isSendMsg: null },
      ),
    );
    await node.outbox.close(limitMs);
    assert.deepEqual(seqs, [undefined, 1, 2]);
  });

  await t.test('the end of a group is told last, by the original', async () => {
    const node = start(db);
    const last = { ...groupNotice('ends', 'groupDismissed'), isLast: true as const };
    await db.transaction((tx) => node.notifier.notify(tx, call, last));
    await node.outbox.close(limitMs);
    await nextTurn();
    assert.deepEqual(
      node.delivered.map(({ audience }) => audience),
      [
        { group: 'ends', plus: ['gone'] },
        { group: 'ends', plus: ['gone'], isLast: true },
      ],
    );
  });

  await t.test('it is not shown between two users of whom one talks with somebody else under that ID', async () => {
    const node = start(db);
    const name = 'friendApplicationApproved';
    const kind = noticeKind({ type: notificationTypes[name], name, isStored: false });
    const to = (recvID: string) => ({ kind, sendID: 'a', recvID, tips: {} });
    const seqs = await db.transaction((tx) => node.notifier.notify(tx, call, to('taken'), to('vacant')));
    await node.outbox.close(limitMs);
    assert.deepEqual(seqs, [undefined, 1]);
  });

  await t.test('M2 messages and what changes show in a chat are pushed in order of their seqs', async () => {
    const node = start(db);
    const content = Buffer.from('{}');
    const message = newMsgData({ sendID: 'a', groupID: 'mixed', sessionType: 3, contentType: 101, content });
    const say = () => node.pipeline.accept({ message, audience: { group: 'mixed' }, operationID: 'op' });
    const change = () =>
      db.transaction((tx) => node.notifier.notify(tx, call, groupNotice('mixed', 'groupInfoSetName')));
    await Promise.all(Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? change() : say())));
    await node.outbox.close(limitMs);
    await nextTurn();
    const pushed = node.delivered
      .filter(({ conversationID }) => conversationID === 'sg_mixed')
      .map(({ body }) => MsgData.decode(body).seq);
    const inOrder = Array.from({ length: 60 }, (_, index) => index + 1);
    assert.deepEqual(pushed, inOrder);
  });
}

const call = { operationID: 'op' };

/** To a group that somebody has just left. */
function groupNotice(groupID: string, name: NoticeName): GroupNotice<object> {
  const kind = noticeKind({ type: notificationTypes.memberKicked, name, isStored: false });
  return { kind, sendID: 'a', groupID, plus: ['gone'], tips: { group: { groupID } } };
}

/** Under which one of the users talks with somebody else already. */
const takenChat = 'si_a_taken';

/** Longer than any of these tests takes. */
const limitMs = 60_000;

/** A node's outbox and notifier; `send` may keep a row from being worked off, as a crash does. */
function start(
  db: Database,
  { send = (work) => work() }: { send?: (work: () => Promise<void>) => Promise<void> } = {},
) {
  const newMessageID = () => randomUUID().replaceAll('-', '');
  const messages = new SqlMessageStore(db);
  const delivered: Delivery[] = [];
  // However late a busy database answers.
  const bus = new MemoryBus(limitMs);
  bus.onDelivery({ deliver: (delivery) => void delivered.push(delivery), concerns: () => true });
  const pipeline = new MessagePipeline({
    commits: new GroupCommit({ store: messages, lanes: 1, maxBatch: 10 }),
    messages,
    bus,
    newMessageID,
    now: Date.now,
  });
  const sender = noticeSender(pipeline, failSuite);
  const outbox = new Outbox({
    store: new SqlOutboxStore(db),
    handlers: {
      notices: (row) => send(() => sender(row)),
      'friend-profiles': async () => {},
      'group-profiles': async () => {},
    },
    now: Date.now,
    observer: { waiting: () => {}, failed: failSuite },
  });
  const notifier = new Notifier({
    outbox,
    pipeline,
    rows: {
      ensureSingleChatsWithin: async (_tx, chats) => ({
        isTheirs: chats.map((chat) => chat.conversationID !== takenChat),
        tellOfNew: async () => {},
      }),
    },
    settings: defaultNoticeSettings,
    newMessageID,
    now: Date.now,
  });
  return { outbox, notifier, pipeline, messages, delivered };
}

function failSuite(error: unknown): never {
  throw error;
}
