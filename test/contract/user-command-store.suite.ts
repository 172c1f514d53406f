/** What every UserCommandStore does, as the users domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Transaction, UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { UserCommand } from '../../src/users/user-command.ts';
import type { UserCommandStore } from '../../src/users/user-command-store.ts';

/** More bytes than there are. */
const all = 1_000_000;

export async function userCommandStoreSuite(t: TestContext, store: UserCommandStore, unitOfWork: UnitOfWork) {
  const write = <T>(work: (tx: Transaction) => Promise<T>) => unitOfWork.transaction(work);

  await t.test('put keeps every field', async () => {
    const command = commandNamed('kept', { type: -5, value: 'Ünï "q"', ex: '{}', createdAt: 1700000000123 });
    await write((tx) => store.put(tx, command));
    assert.deepEqual(await store.list('kept', undefined, all), [command]);
  });

  await t.test('put of a known key replaces value and ex, and leaves the time', async () => {
    const command = commandNamed('again');
    await write((tx) => store.put(tx, command));
    await write((tx) => store.put(tx, { ...command, value: 'w', ex: 'x', createdAt: 5 }));
    assert.deepEqual(await store.list('again', undefined, all), [{ ...command, value: 'w', ex: 'x' }]);
  });

  await t.test('update changes what is given, of one record, and knows whether there is one', async () => {
    const [one, other] = [commandNamed('up'), commandNamed('up', { uuid: 'other' })];
    await write((tx) => store.put(tx, one));
    await write((tx) => store.put(tx, other));
    assert.equal(await write((tx) => store.update(tx, one, { value: 'w', ex: null })), true);
    assert.equal(await write((tx) => store.update(tx, one, { value: null, ex: 'x' })), true);
    assert.equal(await write((tx) => store.update(tx, { ...one, type: 2 }, { value: 'w', ex: null })), false);
    assert.deepEqual(await store.list('up', undefined, all), [other, { ...one, value: 'w', ex: 'x' }]);
  });

  await t.test('remove takes one record, and knows whether there was one', async () => {
    const [one, other] = [commandNamed('gone'), commandNamed('gone', { type: 2 })];
    await write((tx) => store.put(tx, one));
    await write((tx) => store.put(tx, other));
    assert.equal(await write((tx) => store.remove(tx, one)), true);
    assert.equal(await write((tx) => store.remove(tx, one)), false);
    assert.deepEqual(await store.list('gone', undefined, all), [other]);
  });

  await t.test('all belong to the transaction: nothing stays when it fails', async () => {
    const command = commandNamed('tx');
    await write((tx) => store.put(tx, command));
    const attempt = write(async (tx) => {
      await store.update(tx, command, { value: 'w', ex: null });
      await store.put(tx, { ...command, uuid: 'new' });
      await store.remove(tx, command);
      throw new Error('no');
    });
    await assert.rejects(attempt, /no/);
    assert.deepEqual(await store.list('tx', undefined, all), [command]);
  });

  await t.test('list is ordered by type and the bytes of the uuid, of one user and, if asked, one type', async () => {
    for (const [type, uuid] of [
      [2, 'a'],
      [1, 'ä'],
      [1, 'a'],
      [1, 'Z'],
      [-1, 'a'],
    ] as const) {
      await write((tx) => store.put(tx, commandNamed('list', { type, uuid })));
    }
    const names = (commands: readonly UserCommand[]) => commands.map(({ type, uuid }) => `${type}${uuid}`);
    assert.deepEqual(names(await store.list('list', undefined, all)), ['-1a', '1Z', '1a', '1ä', '2a']);
    assert.deepEqual(names(await store.list('list', 1, all)), ['1Z', '1a', '1ä']);
    assert.deepEqual(await store.list('nobody', undefined, all), []);
  });

  await t.test('list gives the first that fit, by the bytes of value and ex', async () => {
    for (const [type, uuid] of [
      [1, 'a'],
      [1, 'b'],
      [2, 'a'],
    ] as const) {
      await write((tx) =>
        store.put(tx, commandNamed('fit', { type, uuid, value: 'ä'.repeat(40), ex: 'e'.repeat(20) })),
      );
    }
    const fitting = async (type: number | undefined, maxBytes: number) =>
      (await store.list('fit', type, maxBytes)).map((command) => `${command.type}${command.uuid}`);
    assert.deepEqual(await fitting(undefined, 300), ['1a', '1b', '2a']);
    assert.deepEqual(await fitting(undefined, 299), ['1a', '1b']);
    assert.deepEqual(await fitting(2, 100), ['2a']);
    assert.deepEqual(await fitting(2, 99), []);
  });

  await t.test('usage counts the records of one user and their bytes, those of the transaction too', async () => {
    const usage = (userID: string) => write((tx) => store.usage(tx, userID));
    assert.deepEqual(await usage('use'), { count: 0, bytes: 0 });
    await write((tx) => store.put(tx, commandNamed('use', { value: 'ä', ex: 'xyz' })));
    assert.deepEqual(await usage('use'), { count: 1, bytes: 5 });
    const within = await write(async (tx) => {
      await store.put(tx, commandNamed('use', { uuid: 'other', value: '', ex: '' }));
      return store.usage(tx, 'use');
    });
    assert.deepEqual(within, { count: 2, bytes: 5 });
  });
}

function commandNamed(userID: string, fields: Partial<UserCommand> = {}): UserCommand {
  return { userID, type: 1, uuid: 'u-1', value: 'v', ex: 'e', createdAt: 1700000000000, ...fields };
}
