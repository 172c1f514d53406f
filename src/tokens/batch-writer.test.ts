import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BatchWriter } from './batch-writer.ts';

/** A writer whose timers and store the test works by hand. */
function open(t: TestContext, { maxBatch = 3, maxWaiting = 5 } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const written: number[][] = [];
  const log: string[] = [];
  const store = { isDown: false };
  const writer = new BatchWriter<number>({
    maxBatch,
    maxWaiting,
    everyMs: 200,
    write: async (entries) => {
      if (store.isDown) throw new Error('down');
      written.push([...entries]);
    },
    observer: {
      failed: (error) => log.push(String(error)),
      dropped: (count) => log.push(`dropped ${count}`),
      outageEnded: (dropped) => log.push(`ended, ${dropped} lost`),
    },
  });
  const add = (...entries: readonly number[]) => {
    for (const entry of entries) writer.add(entry);
  };
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms);
    await settled();
  };
  return { writer, written, log, store, add, pass };
}

/** Everything that follows from what has happened so far. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('entries are written together, some time after the first', async (t) => {
  const { add, pass, written } = open(t);
  add(1, 2);
  await pass(199);
  assert.deepEqual(written, []);
  await pass(1);
  assert.deepEqual(written, [[1, 2]]);
  await pass(1000);
  assert.deepEqual(written, [[1, 2]]);
});

test('a full batch is written at once, and what has come meanwhile after it', async (t) => {
  const { add, written } = open(t);
  add(1, 2, 3, 4);
  await settled();
  assert.deepEqual(written, [[1, 2, 3], [4]]);
});

test('flush resolves when everything added before is written', async (t) => {
  const { add, writer, written } = open(t);
  add(1, 2, 3);
  add(4);
  await writer.flush();
  assert.deepEqual(written, [[1, 2, 3], [4]]);
  await writer.flush();
  assert.equal(written.length, 2);
});

test('O2 while writing fails entries wait, and those beyond the buffer are lost and counted', async (t) => {
  const { add, pass, written, log, store } = open(t);
  store.isDown = true;
  add(1);
  await pass(200);
  add(2, 3, 4, 5, 6, 7);
  await pass(200);
  assert.deepEqual(log, ['Error: down', 'dropped 1', 'dropped 1']);
  store.isDown = false;
  await pass(200);
  assert.deepEqual(written, [
    [1, 2, 3],
    [4, 5],
  ]);
  assert.deepEqual(log.slice(3), ['ended, 2 lost']);
});

test('closing writes what is waiting', async (t) => {
  const { add, writer, written, log } = open(t);
  add(1);
  await writer[Symbol.asyncDispose]();
  assert.deepEqual([written, log], [[[1]], []]);
});

test('closing while writing fails says how much is lost', async (t) => {
  const { add, writer, log, store, pass, written } = open(t);
  store.isDown = true;
  add(1, 2);
  await writer[Symbol.asyncDispose]();
  assert.deepEqual(log, ['Error: down', 'dropped 2', 'ended, 2 lost']);
  store.isDown = false;
  await pass(1000);
  assert.deepEqual(written, []);
});
