import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { StoredObject } from './file.ts';
import { type Picture, Thumbnails } from './thumbnails.ts';

const limits = { maxThumbnailSourceBytes: 100, maxThumbnails: 2, maxWaitingThumbnails: 1 };
const picture: Picture = { bytes: Buffer.from('small'), format: 'png' };

/** Thumbnails of blobs that look like pictures, each made when the test says so. */
function begin() {
  const making: PromiseWithResolvers<Picture>[] = [];
  const clock = { now: 0 };
  const thumbnails = new Thumbnails({
    blobs: { open: (_key, first, last) => Readable.from([Buffer.alloc(last - first + 1, 'GIF89a')]) },
    scaler: {
      scale: () => {
        const made = Promise.withResolvers<Picture>();
        making.push(made);
        return made.promise;
      },
    },
    limits,
    observer: { served() {} },
    now: () => clock.now,
  });
  const of = (size: number) =>
    thumbnails.of({ blobKey: 'a/b', size } as StoredObject, 'b', new URLSearchParams('width=10&height=10'));
  const make = () => of(50)?.make();
  return { of, make, making, clock };
}

/** All that needs no scaler has happened. */
const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('limit maxThumbnailSourceBytes: of as many bytes a thumbnail is made', () => {
  assert.equal(begin().of(100)?.tag, 'b-10x10');
});

test('limit maxThumbnailSourceBytes: one byte more is the original', () => {
  assert.equal(begin().of(101), undefined);
});

test('limit maxThumbnails: as many as that are made at once', async () => {
  const { make, making } = begin();
  const made = [make(), make()];
  await settled();
  assert.equal(making.length, 2);
  for (const each of making) each.resolve(picture);
  for (const each of made) assert.equal((await each)?.size, 5);
});

test('limit maxThumbnails: one more waits until one is made', async () => {
  const { make, making } = begin();
  void make();
  void make();
  const third = make();
  await settled();
  assert.equal(making.length, 2);
  making[0]?.reject(new Error('broken'));
  await settled();
  assert.equal(making.length, 3);
  making[2]?.resolve(picture);
  assert.equal((await third)?.presentation.contentType, 'image/png');
});

test('limit maxWaitingThumbnails: as many as that wait', async () => {
  const { make, making } = begin();
  void make();
  void make();
  const waiting = make();
  await settled();
  making[0]?.resolve(picture);
  await settled();
  making[2]?.resolve(picture);
  assert.equal((await waiting)?.size, 5);
});

test('limit maxWaitingThumbnails: one more is the original at once', async () => {
  const { make } = begin();
  void make();
  void make();
  void make();
  assert.equal(await make(), undefined);
});

test('whoever has waited for more than five seconds gets the original', async () => {
  const { make, making, clock } = begin();
  void make();
  void make();
  const late = make();
  await settled();
  clock.now = 5001;
  making[0]?.resolve(picture);
  assert.equal(await late, undefined);
  assert.equal(making.length, 2);
});
