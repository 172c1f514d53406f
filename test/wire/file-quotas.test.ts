/** How much one user may store, send in a day and have under way: docs/limits.md. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import initiateMultipartUpload from '../../src/http/routes/object/initiate_multipart_upload.ts';
import { contentOf, md5Of, upload } from './file-uploads.ts';
import { envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

let world: World;
before(async () => {
  world = await World.open({
    TESSERA_FILES_QUOTA_BYTES: '100',
    TESSERA_MAX_FILE_BYTES_PER_DAY: '150',
    TESSERA_MAX_OPEN_UPLOADS: '3',
    TESSERA_TOKEN_TTL: '30d',
  });
  await world.register('dora', 'emil', 'fred');
});
after(() => world[Symbol.asyncDispose]());

let made = 0;

/** @returns the code with which an upload of so many bytes is begun, and what is said of it */
async function begin(userID: string, size: number, token?: string): Promise<readonly [number, string]> {
  const hash = md5Of(`${made++}`);
  const body = { hash, size, maxParts: 0, name: `${userID}/${hash}` };
  const by = token ?? (await world.issue(userID, 1));
  const { errCode, errDlt } = envelopeOf(await world.post(initiateMultipartUpload.path, body, by));
  return [errCode, errDlt];
}

test('limit maxOpenUploads: as many as that are begun', async () => {
  for (let count = 1; count <= 3; count++) assert.deepEqual(await begin('dora', 1), [0, '']);
});

test('limit maxOpenUploads: one more is 1001, until one is too old', async () => {
  assert.deepEqual(await begin('dora', 1), [1001, 'more than 3 uploads under way']);
  world.passTime(7 * 86_400_000 + 1000);
  assert.deepEqual(await begin('dora', 1), [0, '']);
});

test('limit filesQuotaBytes: files and uploads under way may come to it', async () => {
  await upload(world, await world.issue('emil', 1), { name: 'emil/a', content: contentOf('a', 60) });
  assert.deepEqual(await begin('emil', 40), [0, '']);
});

test('limit filesQuotaBytes: one byte more is 1001, also for content that is here already; an admin has none', async () => {
  assert.deepEqual(await begin('emil', 1), [1001, 'the files are over 100 bytes together']);
  const token = await world.issue('emil', 1);
  const again = upload(world, token, { name: 'emil/b', content: contentOf('a', 60) });
  await assert.rejects(again, /1001 the files are over 100 bytes together/);
  assert.deepEqual(await begin('emil', 101, world.token('admin')), [0, '']);
});

test('limit maxFileBytesPerDay: uploads within 24 hours may come to it', async () => {
  const token = await world.issue('fred', 1);
  await upload(world, token, { name: 'fred/a', content: contentOf('b', 90) });
  world.passTime(86_400_000 + 1000);
  assert.deepEqual(await begin('fred', 10), [0, '']);
});

test('limit maxFileBytesPerDay: one byte more is 1001, and 24 hours later it is not', async () => {
  await using daily = await World.open({ TESSERA_MAX_FILE_BYTES_PER_DAY: '150', TESSERA_TOKEN_TTL: '30d' });
  const token = daily.token('user');
  const body = (size: number) => ({ hash: md5Of(`${made++}`), size, maxParts: 0, name: 'alice/daily' });
  const code = async (size: number) =>
    envelopeOf(await daily.post(initiateMultipartUpload.path, body(size), token)).errCode;
  assert.deepEqual([await code(100), await code(50), await code(1)], [0, 0, 1001]);
  daily.passTime(86_400_000 + 1000);
  assert.equal(await code(150), 0);
});
