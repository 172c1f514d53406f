import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GroupCommit } from './group-commit.ts';
import { type Appended, type Batch, messagesOf, type NewMessage } from './message-store.ts';

/** A store whose commits end when the test says so. */
function controlledStore() {
  const commits: { batch: readonly NewMessage[]; finish: () => void; fail: (error: Error) => void }[] = [];
  let announce = () => {};
  let seq = 0;
  return {
    commits,
    append(given: Batch): Promise<Appended[]> {
      const batch = messagesOf(given);
      const { promise, resolve, reject } = Promise.withResolvers<Appended[]>();
      const finish = () => resolve(batch.map((message) => stored(message, ++seq)));
      commits.push({ batch, finish, fail: reject });
      announce();
      return promise;
    },
    /** Resolves when `count` commits have been asked for in all. */
    async asked(count: number): Promise<void> {
      while (commits.length < count) {
        await new Promise<void>((resolve) => {
          announce = resolve;
        });
      }
    },
  };
}

const message = (clientMsgID: string, logID = 'si_a_b') => ({ clientMsgID, logID }) as NewMessage;

const stored = (from: NewMessage, seq: number): Appended => ({
  seq,
  serverMsgID: from.clientMsgID,
  sentAt: 0,
  isDuplicate: false,
  isRefused: false,
  body: Buffer.alloc(0),
});

const ids = (batch: readonly NewMessage[]) => batch.map(({ clientMsgID }) => clientMsgID);

test('M1: nothing is acknowledged before its commit', async () => {
  const store = controlledStore();
  const commits = new GroupCommit({ store, lanes: 1, maxBatch: 100 });
  let isAcknowledged = false;
  const acknowledged = commits
    .append(message('1'), () => {})
    .then(() => {
      isAcknowledged = true;
    });
  await store.asked(1);
  assert.equal(isAcknowledged, false);
  store.commits[0]?.finish();
  await acknowledged;
});

test('messages that come while a commit is under way share the next one, in order', async () => {
  const store = controlledStore();
  const commits = new GroupCommit({ store, lanes: 1, maxBatch: 100 });
  const seqOf = ({ seq }: Appended) => seq;
  const first = commits.append(message('1'), seqOf);
  await store.asked(1);
  const others = ['2', '3', '4'].map((id) => commits.append(message(id), seqOf));
  store.commits[0]?.finish();
  await store.asked(2);
  assert.deepEqual(
    store.commits.map(({ batch }) => ids(batch)),
    [['1'], ['2', '3', '4']],
  );
  store.commits[1]?.finish();
  assert.deepEqual(await Promise.all([first, ...others]), [1, 2, 3, 4]);
});

/** A store that asks for its batches when the test says so. */
function storeThatAsksLate() {
  const { promise: isCalled, resolve: onCall } = Promise.withResolvers<Batch>();
  const { promise: mayGoOn, resolve: goOn, reject: fail } = Promise.withResolvers<void>();
  const batches: (readonly string[])[] = [];
  const append = async (batch: Batch) => {
    onCall(batch);
    await mayGoOn;
    const messages = messagesOf(batch);
    batches.push(ids(messages));
    return messages.map((each, index) => stored(each, index + 1));
  };
  return { append, batches, isCalled, goOn, fail };
}

test('messages that come before the store asks for them share the commit, as many as one may hold', async () => {
  const store = storeThatAsksLate();
  const commits = new GroupCommit({ store, lanes: 1, maxBatch: 3 });
  const first = commits.append(message('1'), () => {});
  await store.isCalled;
  const others = ['2', '3', '4'].map((id) => commits.append(message(id), () => {}));
  store.goOn();
  await Promise.all([first, ...others]);
  assert.deepEqual(store.batches, [['1', '2', '3'], ['4']]);
});

test('of a commit that fails before the store has asked, those who have come meanwhile wait for the next', async () => {
  const { append, isCalled, fail } = storeThatAsksLate();
  let isFirst = true;
  const store = {
    append: (batch: Batch) => {
      if (isFirst) return append(batch);
      return Promise.resolve(messagesOf(batch).map((each, index) => stored(each, index + 1)));
    },
  };
  const commits = new GroupCommit({ store, lanes: 1, maxBatch: 100 });
  const failing = commits.append(message('1'), () => assert.fail('was not stored'));
  await isCalled;
  isFirst = false;
  const next = commits.append(message('2'), (appended) => appended);
  fail(new Error('locked'));
  await assert.rejects(failing, /locked/);
  assert.equal((await next).serverMsgID, '2');
});

test('M2: onStored is called in seq order, before any sender goes on', async () => {
  const store = controlledStore();
  const commits = new GroupCommit({ store, lanes: 1, maxBatch: 100 });
  const order: string[] = [];
  const all = ['1', '2'].map((id) =>
    commits.append(message(id), ({ seq }) => order.push(`stored ${seq}`)).then(() => order.push(`resumed ${id}`)),
  );
  await store.asked(1);
  store.commits[0]?.finish();
  await Promise.all(all);
  assert.deepEqual(order, ['stored 1', 'stored 2', 'resumed 1', 'resumed 2']);
});

test('a commit that fails is an error for its own senders only', async () => {
  const store = controlledStore();
  const commits = new GroupCommit({ store, lanes: 1, maxBatch: 1 });
  const failing = commits.append(message('1'), () => assert.fail('was not stored'));
  const next = commits.append(message('2'), (appended) => appended);
  const refused = assert.rejects(failing, /disk full/);
  await store.asked(1);
  store.commits[0]?.fail(new Error('disk full'));
  await refused;
  await store.asked(2);
  store.commits[1]?.finish();
  assert.equal((await next).serverMsgID, '2');
});

test('a conversation keeps to one lane; others go on beside it', async () => {
  const store = controlledStore();
  const commits = new GroupCommit({ store, lanes: 4, maxBatch: 1 });
  const conversations = Array.from({ length: 16 }, (_, index) => `si_${index}`);
  const all = conversations.flatMap((id) => [
    commits.append(message('1', id), () => {}),
    commits.append(message('2', id), () => {}),
  ]);
  await store.asked(4);
  const underWay = store.commits.map(({ batch }) => batch[0]?.logID);
  assert.equal(new Set(underWay).size, 4);
  for (let index = 0; index < all.length; index += 1) {
    await store.asked(index + 1);
    store.commits[index]?.finish();
  }
  await Promise.all(all);
  for (const id of conversations) {
    const ofConversation = store.commits.flatMap(({ batch }) => batch).filter((entry) => entry.logID === id);
    assert.deepEqual(ids(ofConversation), ['1', '2']);
  }
});

test('O3: drain waits for everything accepted', async () => {
  const store = controlledStore();
  const commits = new GroupCommit({ store, lanes: 2, maxBatch: 100 });
  let isStored = false;
  const acknowledged = commits.append(message('1'), () => {
    isStored = true;
  });
  const drained = commits.drain();
  await store.asked(1);
  store.commits[0]?.finish();
  await drained;
  assert.equal(isStored, true);
  await acknowledged;
});
