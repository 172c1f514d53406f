/** A change and its notice commit together, and a process that dies in between loses neither nor sends one twice. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Database } from '../../src/database/database.ts';
import type { Delivery } from '../../src/log/delivery.ts';
import { GroupCommit } from '../../src/log/group-commit.ts';
import { MessagePipeline } from '../../src/log/pipeline.ts';
import { readByPeerNotices } from '../../src/notices/catalogue/messages.ts';
import { defaultNoticeSettings } from '../../src/notices/notice-settings.ts';
import { Notifier, noticeSender } from '../../src/notices/notifier.ts';
import { Outbox } from '../../src/notices/outbox.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { SqlOutboxStore } from '../../src/store/sql-outbox-store.ts';
import { type Databases, testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('Notices', noticesSuite);

async function noticesSuite(t: TestContext, { db }: Databases) {
  const read = (readerID: string) =>
    readByPeerNotices({ readerID, conversationID: `si_peer_${readerID}`, hasReadSeq: 3 }, 'peer', [1, 2, 3]);
  const storedFor = async (readerID: string) =>
    (await new SqlMessageStore(db).range(`n_peer_${readerID}`, 1, 10, 10)).map(({ seq }) => seq);

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
  const pipeline = new MessagePipeline({
    commits: new GroupCommit({ store: messages, lanes: 1, maxBatch: 10 }),
    messages,
    bus: { deliver: (delivery: Delivery) => delivered.push(delivery), onDelivery: () => {} },
    newMessageID,
    now: Date.now,
  });
  const sender = noticeSender(pipeline, failSuite);
  const outbox = new Outbox({
    store: new SqlOutboxStore(db),
    handlers: { notices: (row) => send(() => sender(row)) },
    now: Date.now,
    observer: { waiting: () => {}, failed: failSuite },
  });
  const notifier = new Notifier({
    outbox,
    pipeline,
    rows: { ensureSingleChatWithin: async (_tx, conversationID) => conversationID !== takenChat },
    settings: defaultNoticeSettings,
    newMessageID,
    now: Date.now,
  });
  return { outbox, notifier, pipeline, delivered };
}

function failSuite(error: unknown): never {
  throw error;
}
