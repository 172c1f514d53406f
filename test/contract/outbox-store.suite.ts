/** What every OutboxStore does, as the outbox relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { OutboxEntry, OutboxStore } from '../../src/notices/outbox-store.ts';
import { countingTurns } from '../support/counting-turns.ts';

export async function outboxStoreSuite(t: TestContext, store: OutboxStore, unitOfWork: UnitOfWork) {
  const entry = (payload: string): OutboxEntry => ({ topic: 'notices', key: `key of ${payload}`, payload });
  const add = (...payloads: string[]) => unitOfWork.transaction((tx) => store.add(tx, payloads.map(entry), 1234));

  await t.test('rows come back whole, oldest first, with the IDs that adding them answered', async () => {
    const added = [...(await add('a', 'b')), ...(await add('c'))];
    assert.deepEqual(await store.oldest(10), added);
    assert.deepEqual(
      added.map(({ topic, key, payload }) => ({ topic, key, payload })),
      ['a', 'b', 'c'].map(entry),
    );
    assert.deepEqual(await store.oldest(2), added.slice(0, 2));
  });

  await t.test('removed rows are gone, and may be removed again', async () => {
    const [first, ...rest] = await store.oldest(10);
    assert.ok(first);
    for (let time = 0; time < 2; time += 1) await store.remove([first.id]);
    assert.deepEqual(await store.oldest(10), rest);
    await store.remove(rest.map(({ id }) => id));
    assert.deepEqual(await store.oldest(10), []);
  });

  await t.test('a row is taken once, with what is done for it, or not at all', async () => {
    const [row] = await add('once');
    assert.ok(row);
    const failing = unitOfWork.transaction(async (tx) => {
      assert.equal(await store.take(tx, row), true);
      throw new Error('undone');
    });
    await assert.rejects(failing, /undone/);
    const take = () => unitOfWork.transaction((tx) => store.take(tx, row));
    assert.deepEqual((await Promise.all([take(), take()])).sort(), [false, true]);
    assert.deepEqual(await store.oldest(10), []);
  });

  await t.test('M4: no ID is given out twice, also after the newest row has gone', async () => {
    const [first] = await add('first');
    assert.ok(first);
    await store.remove([first.id]);
    const [second] = await add('second');
    assert.ok(second && second.id > first.id, `${second?.id} after ${first.id}`);
    await store.remove([second.id]);
  });

  await t.test('many rows of one transaction keep their order', async () => {
    const payloads = Array.from({ length: 1200 }, (_, index) => `row ${index}`);
    const added = await add(...payloads);
    assert.deepEqual(
      (await store.oldest(2000)).map(({ payload }) => payload),
      payloads,
    );
    await store.remove(added.map(({ id }) => id));
  });

  await t.test(
    'O1: long rows of one transaction are written in pieces, between which others have their turn',
    async () => {
      const payloads = Array.from({ length: 60 }, (_, index) => `row ${index} ${'x'.repeat(100_000)}`);
      const [added, turns] = await countingTurns(() => add(...payloads));
      assert.ok(turns >= 5, `others had ${turns} turns`);
      assert.deepEqual(await store.oldest(100), added);
      assert.deepEqual(
        added.map(({ payload }) => payload),
        payloads,
      );
      await store.remove(added.map(({ id }) => id));
    },
  );

  await t.test('rows belong to their transaction: none stays when it fails', async () => {
    const failure = new Error('no');
    const attempt = unitOfWork.transaction(async (tx) => {
      await store.add(tx, [entry('undone')], 1);
      throw failure;
    });
    await assert.rejects(attempt, failure);
    assert.deepEqual(await store.oldest(10), []);
  });
}
