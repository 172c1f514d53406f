/** Files as people send them, by an unmodified pure-JS SDK, to a directory and to an S3 store; and with a kill in between. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, type TestContext, test } from 'node:test';
import { type Deployment, deploy } from '../support/deployments.ts';
import { NodeFileReader } from '../support/file-reader.ts';
import { onTheWeb } from '../support/made-messages.ts';
import { s3Settings } from '../support/services/versitygw.ts';
import { s3ForSuite } from '../support/test-services.ts';

before(() => {
  Object.assign(globalThis, { FileReader: NodeFileReader });
});

test('files with the JS SDK in a directory, also over kill -9', async (t) => {
  const deployment = await deploy(t);
  await stories(t, deployment);
  await t.test('an upload goes on where it was when the server was killed', () => killedUpload(deployment, 'server'));
});

test('files with the JS SDK in an S3 store, also over kill -9', async (t) => {
  const s3 = await s3ForSuite(t);
  if (s3 === undefined) return;
  const deployment = await deploy(t, s3Settings(s3.url));
  await stories(t, deployment);
  await t.test('an upload goes on where it was when the server was killed', () => killedUpload(deployment, 'store'));
});

async function stories(t: TestContext, { backEnd, device }: Deployment): Promise<void> {
  await backEnd.register('ann', 'ben');
  const ann = await device('ann');
  const ben = await device('ben');
  const fileOf = (name: string, content: string, size = content.length) =>
    new File([Buffer.alloc(size, content)], name, { type: 'application/octet-stream' });
  const bytesAt = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer()).toString();

  await t.test('a picture arrives with its URLs, and whoever has them gets what was sent', async () => {
    const file = fileOf('我的 照片 #1.png', 'a picture');
    const { data: message } = await ann.sdk.createImageMessageByFile({ ...onTheWeb.pictures, file });
    const came = ben.next('OnRecvNewMessages');
    await ann.sdk.sendMessage({ recvID: 'ben', groupID: '', message });
    const { sourcePicture, snapshotPicture } = (await came).data[0].pictureElem;
    assert.equal(await bytesAt(sourcePicture.url), 'a picture');
    assert.equal(await bytesAt(snapshotPicture.url), 'a picture', 'what cannot be decoded is shown as it is');
  });

  await t.test('a file of several parts, all sent at once, arrives whole', async () => {
    const size = 11 * 2 ** 20;
    const file = fileOf('large.bin', 'large ', size);
    const { data: message } = await ann.sdk.createFileMessageByFile({ ...onTheWeb.file, fileSize: size, file });
    const came = ben.next('OnRecvNewMessages');
    await ann.sdk.sendMessage({ recvID: 'ben', groupID: '', message });
    const { sourceUrl } = (await came).data[0].fileElem;
    assert.equal(await bytesAt(sourceUrl), Buffer.alloc(size, 'large ').toString());
  });

  await t.test('an avatar is uploaded and seen by others; a second one of its name is another', async () => {
    const { data: first } = await ann.sdk.uploadFile({ file: fileOf('me.png', 'first face') });
    const { data: second } = await ann.sdk.uploadFile({ file: fileOf('me.png', 'second face') });
    await ann.sdk.setSelfInfo({ faceURL: second.url });
    const { data: users } = await ben.sdk.getUsersInfo(['ann']);
    assert.equal(await bytesAt(`${users[0]?.faceURL}`), 'second face');
    assert.equal(await bytesAt(first.url), 'first face');
  });
}

/** @param taker of the parts: only the server takes them with it when it dies */
async function killedUpload({ server, backEnd }: Deployment, taker: 'server' | 'store'): Promise<void> {
  const md5 = (bytes: Uint8Array | string) => createHash('md5').update(bytes).digest('hex');
  const parts = ['one ', 'two ', 'three '].map((text, index) => Buffer.alloc(index === 2 ? 1000 : 5 * 2 ** 20, text));
  const md5s = parts.map(md5);
  const token = await backEnd.userToken('ann', 5);
  const call = async (path: string, body: object) => (await backEnd.post(path, body, token)).data;
  const name = 'ann/killed.bin';
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const { upload } = await call('/object/initiate_multipart_upload', {
    ...{ name, size, hash: md5(md5s.join(',')), maxParts: 2 },
  });
  const put = (url: string, index: number) => fetch(url, { method: 'PUT', body: parts[index] ?? null });
  assert.equal((await put(upload.sign.parts[0].url, 0)).status, 200);

  // The second part is half-way when the server dies.
  const half = Promise.withResolvers<void>();
  const slow = new ReadableStream({
    start: (controller) => controller.enqueue(parts[1]?.subarray(0, 2 ** 20)),
    pull: () => {
      half.resolve();
      return new Promise<void>(() => {});
    },
  });
  // An S3 store takes no part whose length it is not told.
  const headers = { 'content-length': `${parts[1]?.length}` };
  const leave = new AbortController();
  const cut = fetch(upload.sign.parts[1].url, {
    ...{ method: 'PUT', headers, body: slow, duplex: 'half', signal: leave.signal },
  } as RequestInit);
  await half.promise;
  await server.kill();
  if (taker === 'store') leave.abort();
  await assert.rejects(cut);
  await server.start();

  const uploadID = upload.uploadID;
  const complete = () => call('/object/complete_multipart_upload', { uploadID, parts: md5s, name });
  assert.equal(await complete(), undefined, 'half a part is none');
  const { parts: signed } = await call('/object/auth_sign', { uploadID, partNumbers: [2, 3] });
  for (const [index, { url }] of signed.entries()) {
    assert.equal((await put(url, index + 1)).status, 200);
  }
  const { url } = await complete();
  const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
  assert.ok(whole.equals(Buffer.concat(parts)));
}
