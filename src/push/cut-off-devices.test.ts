import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CutOffDevices } from './cut-off-devices.ts';

/** @param pieces what becomes of each, in order */
function playedStore(pieces: readonly (boolean | Promise<boolean> | Error)[]) {
  const left = [...pieces];
  const deleteCutOff = async () => {
    const piece = left.shift() ?? false;
    if (piece instanceof Error) throw piece;
    return piece;
  };
  return { left, deleteCutOff };
}

test('pieces follow each other until nothing is left', async () => {
  const store = playedStore([true, true, false, true]);
  await using devices = new CutOffDevices(store);
  await devices.sweep();
  assert.equal(store.left.length, 1);
});

test('one who is at it is not begun again', async () => {
  const piece = Promise.withResolvers<boolean>();
  const store = playedStore([piece.promise, false, true]);
  await using devices = new CutOffDevices(store);
  const sweeps = [devices.sweep(), devices.sweep()];
  piece.resolve(true);
  await Promise.all(sweeps);
  assert.equal(store.left.length, 1);
});

test('after a failure the next call goes on', async () => {
  const store = playedStore([true, new Error('the database is away'), true, false]);
  await using devices = new CutOffDevices(store);
  await assert.rejects(devices.sweep(), /the database is away/);
  await devices.sweep();
  assert.equal(store.left.length, 0);
});

test('it ends after the piece under way', async () => {
  const piece = Promise.withResolvers<boolean>();
  const store = playedStore([piece.promise, true]);
  const devices = new CutOffDevices(store);
  const sweep = devices.sweep();
  const closed = devices[Symbol.asyncDispose]();
  piece.resolve(true);
  await closed;
  await sweep;
  assert.equal(store.left.length, 1);
});
