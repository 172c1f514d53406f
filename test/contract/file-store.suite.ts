/** What every FileStore does, as the files domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Blob, StoredObject, Upload } from '../../src/files/file.ts';
import type { FileCollectionStore, FileStore } from '../../src/files/file-store.ts';
import type { Transaction, UnitOfWork } from '../../src/kernel/unit-of-work.ts';

export async function fileStoreSuite(t: TestContext, store: FileStore & FileCollectionStore, unitOfWork: UnitOfWork) {
  const write = <T>(work: (tx: Transaction) => Promise<T>) => unitOfWork.transaction(work);

  await t.test('an object keeps every field, and another of its name takes its place', async () => {
    const object = objectNamed('alice/Ünï 文件 😀');
    await write((tx) => store.putObject(tx, object));
    assert.deepEqual(await store.objectNamed(object.name), object);
    const next = { ...object, blobKey: 'k2', size: 2 ** 40, contentType: '', group: 'g2', createdAt: 9 };
    await write((tx) => store.putObject(tx, next));
    assert.deepEqual(await store.objectNamed(object.name), next);
    assert.deepEqual(await write((tx) => store.objectWithin(tx, object.name)), next);
    assert.equal(await store.objectNamed('alice/other'), undefined);
  });

  await t.test('a blob is found by engine, hash and size, the newest first', async () => {
    const old = blobNamed('found-1', { hash: 'found', createdAt: 1 });
    const newer = blobNamed('found-2', { hash: 'found', createdAt: 2 });
    for (const blob of [newer, old]) await write((tx) => store.addBlob(tx, blob));
    assert.deepEqual(await store.blobWith('here', 'found', 5), newer);
    assert.equal(await store.blobWith('there', 'found', 5), undefined);
    assert.equal(await store.blobWith('here', 'found', 6), undefined);
    assert.equal(await store.blobWith('here', 'other', 5), undefined);
  });

  await t.test('a blob is claimed if it is there; to add it again changes nothing', async () => {
    const blob = blobNamed('claimed');
    assert.equal(await write((tx) => store.claimBlob(tx, blob.key)), false);
    await write((tx) => store.addBlob(tx, blob));
    await write((tx) => store.addBlob(tx, { ...blob, size: 99 }));
    assert.equal(await write((tx) => store.claimBlob(tx, blob.key)), true);
    assert.deepEqual(await store.blobWith('here', blob.hash, blob.size), blob);
  });

  await t.test('an upload keeps every field, learns what the engine calls it, and is complete once', async () => {
    const upload = uploadNamed('u-1', { kind: 'form', size: 2 ** 40 });
    await write((tx) => store.addUpload(tx, upload));
    assert.deepEqual(await store.upload('u-1'), upload);
    await write((tx) => store.setEngineRef(tx, 'u-1', 'ref'));
    assert.equal(await write((tx) => store.completeUpload(tx, 'u-1', 'alice/first')), 'alice/first');
    assert.equal(await write((tx) => store.completeUpload(tx, 'u-1', 'alice/second')), 'alice/first');
    assert.deepEqual(await store.upload('u-1'), { ...upload, engineRef: 'ref', completedAs: 'alice/first' });
    assert.equal(await write((tx) => store.completeUpload(tx, 'none', 'x')), undefined);
    assert.equal(await store.upload('none'), undefined);
  });

  await t.test('usage counts objects, open uploads and those of late, of one user', async () => {
    const none = { stored: 0, openUploads: 0, open: 0, sinceThen: 0 };
    const usage = (userID: string) => write((tx) => store.usage(tx, userID, 100, 50));
    assert.deepEqual(await usage('counted'), none);
    await write(async (tx) => {
      for (const [name, size] of [
        ['a', 3],
        ['b', 4],
      ] as const) {
        await store.putObject(tx, objectNamed(`counted/${name}`, { size, ownerUserID: 'counted' }));
      }
      const ours = { userID: 'counted' };
      await store.addUpload(tx, uploadNamed('c-open', { ...ours, size: 10, createdAt: 51, expiresAt: 101 }));
      await store.addUpload(tx, uploadNamed('c-ended', { ...ours, size: 20, createdAt: 50, expiresAt: 100 }));
      await store.addUpload(tx, uploadNamed('c-done', { ...ours, size: 40, createdAt: 60, completedAs: 'x' }));
    });
    assert.deepEqual(await usage('counted'), { stored: 7, openUploads: 1, open: 10, sinceThen: 50 });
    assert.deepEqual(await usage('counted-not'), none);
  });

  await t.test(
    'objects of a group go by age; their blobs are unused when none is left, and doomed only then',
    async () => {
      const blob = blobNamed('shared-blob');
      await write(async (tx) => {
        await store.addBlob(tx, blob);
        for (const [name, createdAt, group] of [
          ['g/1', 1, 'gone'],
          ['g/2', 2, 'gone'],
          ['g/3', 2, 'stays'],
        ] as const) {
          await store.putObject(tx, objectNamed(name, { blobKey: blob.key, createdAt, group }));
        }
      });
      const forget = (group: string, until: number) => write((tx) => store.forgetObjects(tx, group, until, 1, 50));
      assert.equal(await forget('gone', 2), 1);
      assert.equal(await forget('gone', 2), 0);
      assert.equal(await forget('gone', 3), 1);
      assert.deepEqual(await store.unusedBlobs('here', 100, 9), []);
      assert.deepEqual(await store.namedBlobs('', 9), [{ key: blob.key, engine: 'here', size: 5 }]);
      assert.equal(await write((tx) => store.doomBlob(tx, blob.key, 60)), false);
      assert.equal(await forget('stays', 3), 1);
      assert.deepEqual(await store.unusedBlobs('here', 51, 9), [blob.key]);
      assert.deepEqual(await store.unusedBlobs('here', 50, 9), []);
      assert.equal(await write((tx) => store.doomBlob(tx, blob.key, 60)), true);
      assert.equal(await write((tx) => store.claimBlob(tx, blob.key)), false);
      assert.equal(await store.blobWith('here', blob.hash, 5), undefined);
      assert.deepEqual(await store.unusedBlobs('here', 51, 9), [blob.key], 'until it is gone');
      await write((tx) => store.removeBlob(tx, blob.key));
      assert.equal(await store.hasBlob(blob.key), false);
    },
  );

  await t.test('an object that names other content leaves its blob unused; a claim takes it back', async () => {
    const blob = blobNamed('left-blob');
    await write((tx) => store.addBlob(tx, blob));
    await write((tx) => store.putObject(tx, objectNamed('left', { blobKey: blob.key })));
    await write((tx) => store.putObject(tx, objectNamed('left', { blobKey: 'another', createdAt: 70 })));
    assert.deepEqual(await store.unusedBlobs('here', 71, 9), [blob.key]);
    assert.equal(await write((tx) => store.claimBlob(tx, blob.key)), true);
    assert.deepEqual(await store.unusedBlobs('here', 71, 9), []);
    await write((tx) => store.removeBlob(tx, blob.key));
    assert.equal(await store.hasBlob(blob.key), true, 'only what is doomed');
  });

  await t.test('uploads past their end are found, the oldest first', async () => {
    for (const [id, expiresAt] of [
      ['ended-2', 8],
      ['ended-1', 7],
      ['ended-not', 9],
    ] as const) {
      await write((tx) => store.addUpload(tx, uploadNamed(id, { expiresAt, engine: 'ended' })));
    }
    const ended = await store.endedUploads('ended', 9, 5);
    assert.deepEqual(
      ended.map(({ id }) => id),
      ['ended-1', 'ended-2'],
    );
    await write((tx) => store.removeUpload(tx, 'ended-1'));
    assert.equal((await store.endedUploads('ended', 9, 5)).length, 1);
  });

  await t.test('all belong to the transaction: nothing stays when it fails', async () => {
    const attempt = write(async (tx) => {
      await store.addBlob(tx, blobNamed('tx'));
      await store.putObject(tx, objectNamed('alice/tx'));
      await store.addUpload(tx, uploadNamed('tx'));
      throw new Error('no');
    });
    await assert.rejects(attempt, /no/);
    assert.equal(await store.objectNamed('alice/tx'), undefined);
    assert.equal(await store.upload('tx'), undefined);
    assert.equal(await write((tx) => store.claimBlob(tx, 'tx')), false);
  });
}

function objectNamed(name: string, fields: Partial<StoredObject> = {}): StoredObject {
  return {
    name,
    engine: 'here',
    blobKey: 'k1',
    size: 5,
    contentType: 'image/png',
    group: 'msg-picture',
    ownerUserID: 'alice',
    createdAt: 1_700_000_000_123,
    ...fields,
  };
}

function blobNamed(key: string, fields: Partial<Blob> = {}): Blob {
  return { key, engine: 'here', hash: `hash of ${key}`, size: 5, createdAt: 7, ...fields };
}

function uploadNamed(id: string, fields: Partial<Upload> = {}): Upload {
  return {
    id,
    secret: 's',
    kind: 'parts',
    userID: 'alice',
    name: 'alice/n',
    hash: 'h',
    size: 5,
    partSize: 5,
    contentType: 't',
    group: 'g',
    blobKey: `blob of ${id}`,
    engine: 'here',
    engineRef: '',
    completedAs: '',
    createdAt: 1,
    expiresAt: 1000,
    ...fields,
  };
}
