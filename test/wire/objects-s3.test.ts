/** Files in an S3-compatible store: objects-push-webhooks.md 1.6 to 1.8 and 1.16, on a real server, and on one that fails. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import sharp from 'sharp';
import { S3BlobStore } from '../../src/blobs/s3-blob-store.ts';
import completeMultipartUpload from '../../src/http/routes/object/complete_multipart_upload.ts';
import initiateFormData from '../../src/http/routes/object/initiate_form_data.ts';
import initiateMultipartUpload from '../../src/http/routes/object/initiate_multipart_upload.ts';
import { s3Keys, s3Settings } from '../support/services/versitygw.ts';
import { s3ForSuite } from '../support/test-services.ts';
import { complete, contentOf, hashOf, initiate, md5Of, partsIn, pathOf, put, upload } from './file-uploads.ts';
import { envelopeOf, send } from './raw-http.ts';
import { World } from './world.ts';

const mebibyte = 2 ** 20;

test('files in an S3 store', async (t) => {
  const s3 = await s3ForSuite(t);
  if (s3 === undefined) return;
  const { port } = s3;
  await using world = await World.open(s3Settings(s3.url));
  const alice = world.token('user');
  const options = {
    ...{ endpoint: s3.url, publicEndpoint: s3.url, region: 'us-east-1', bucket: 'openim', timeoutMs: 8000 },
    ...s3Keys,
    now: Date.now,
  };
  const store = await S3BlobStore.open(options);

  /** Follows the redirect by hand. */
  async function get(url: string, headers = {}) {
    const redirect = await world.send({ method: 'GET', path: pathOf(url) });
    assert.equal(redirect.status, 302, redirect.body.toString());
    return send(port, { method: 'GET', path: pathOf(`${redirect.headers.location}`), headers });
  }

  await t.test('a small file is put, looked at, copied and fetched with its type', async () => {
    const content = contentOf('hello S3');
    const url = await upload(world, alice, { name: 'alice/文件 #1.txt', content });
    const reply = await get(url);
    assert.deepEqual([reply.status, reply.body.toString()], [200, 'hello S3']);
    assert.equal(reply.headers['content-type'], 'text/plain');
  });

  await t.test('a file of several parts is put together there, and its ranges come back', async () => {
    const content = Buffer.concat([contentOf('abc', 5 * mebibyte), contentOf('tail')]);
    const url = await upload(world, alice, { name: 'alice/large', content });
    assert.ok((await get(url)).body.equals(content));
    const range = await get(url, { range: `bytes=${5 * mebibyte - 1}-${5 * mebibyte}` });
    assert.deepEqual([range.status, range.body], [206, content.subarray(5 * mebibyte - 1, 5 * mebibyte + 1)]);
  });

  await t.test('a thumbnail comes from the server, and what has none is a redirect as ever', async () => {
    const content = await sharp({ create: { width: 40, height: 20, channels: 3, background: '#385' } })
      .png()
      .toBuffer();
    const url = await upload(world, alice, { name: 'alice/p.png', content, contentType: 'image/png' });
    const { status, headers, body } = await world.send({ method: 'GET', path: pathOf(`${url}?type=image&width=10`) });
    assert.deepEqual([status, headers['content-type'], (await sharp(body).metadata()).width], [200, 'image/png', 10]);
    assert.ok((await get(`${url}?type=image&width=40`)).body.equals(content));
  });

  await t.test('nobody reads or writes there without a signature', async () => {
    const content = contentOf('signed for');
    const url = await upload(world, alice, { name: 'alice/signed.txt', content });
    const { headers } = await world.send({ method: 'GET', path: pathOf(url) });
    const path = new URL(`${headers.location}`).pathname;
    for (const method of ['GET', 'PUT']) assert.equal((await send(port, { method, path, body: 'x' })).status, 403);
    assert.ok((await get(url)).body.equals(content));
  });

  await t.test('active types are attachments by headers that are signed', async () => {
    const content = contentOf('<script>1</script>');
    const url = await upload(world, alice, { name: 'alice/x.html', content, contentType: 'text/html' });
    const { headers } = await get(url);
    assert.equal(headers['content-disposition'], "attachment; filename*=UTF-8''x.html");
    const redirect = await world.send({ method: 'GET', path: pathOf(url) });
    const changed = `${redirect.headers.location}`.replace('attachment', 'inline');
    assert.equal((await send(port, { method: 'GET', path: pathOf(changed) })).status, 403);
  });

  await t.test('a PUT after complete changes nothing, and one of another part is refused by the store', async () => {
    const content = contentOf('as it was');
    const asked = { hash: hashOf(content), size: content.length, maxParts: 1, name: 'alice/as-it-was' };
    const { upload: it } = await initiate(world, alice, asked);
    const [{ url: partUrl }] = it.sign.parts;
    assert.equal((await put(world, partUrl.replace('.presigned', '.other'), content)).status, 403);
    await put(world, partUrl, content);
    const { url } = await complete(world, alice, it.uploadID, [content], asked);
    await put(world, partUrl, contentOf('something else'));
    assert.equal((await get(url)).body.toString(), 'as it was');
  });

  const faulty: readonly (readonly [name: string, sent: string | undefined, errCode: number, errDlt: string])[] = [
    ['nothing', undefined, 500, 'part 1 is missing'],
    ['another size', 'short', 500, 'upload size mismatching'],
    ['other bytes', 'hello xxxxx', 1001, 'md5 mismatching'],
  ];
  for (const [name, sent, errCode, errDlt] of faulty) {
    await t.test(`complete after ${name} is ${errCode}`, async () => {
      const content = contentOf(`hello ${md5Of(name).slice(0, 5)}`);
      const asked = { hash: hashOf(content), size: content.length, maxParts: 1, name: `alice/${name}` };
      const { upload: it } = await initiate(world, alice, asked);
      if (sent !== undefined) await put(world, it.sign.parts[0].url, sent);
      const body = { uploadID: it.uploadID, parts: [md5Of(content)], name: asked.name };
      const answer = envelopeOf(await world.post(completeMultipartUpload.path, body, alice));
      assert.deepEqual([answer.errCode, answer.errDlt], [errCode, errDlt]);
    });
  }

  await t.test('complete with a part that was never sent is 500, and goes on once it is there', async () => {
    const content = contentOf('resumed there ', 6 * mebibyte);
    const parts = partsIn(content);
    const asked = { hash: hashOf(content), size: content.length, maxParts: 2, name: 'alice/resumed' };
    const { upload: it } = await initiate(world, alice, asked);
    await put(world, it.sign.parts[0].url, parts[0] as Buffer);
    await assert.rejects(complete(world, alice, it.uploadID, parts, asked), /500 a part is missing/);
    await put(world, it.sign.parts[1].url, parts[1] as Buffer);
    const { url } = await complete(world, alice, it.uploadID, parts, asked);
    assert.ok((await get(url)).body.equals(content));
  });

  await t.test('what is abandoned or removed is gone, a second time too; forms are 500', async () => {
    const content = contentOf('given up', 6 * mebibyte);
    const asked = { hash: hashOf(content), size: content.length, maxParts: 1, name: 'alice/given-up' };
    const { upload: it } = await initiate(world, alice, asked);
    const search = new URL(it.sign.parts[0].url);
    const key = search.pathname.slice('/openim/'.length);
    const begun = {
      ...{ id: it.uploadID, secret: '', kind: 'parts' as const, userID: 'alice', group: '', contentType: '' },
      ...{ ...asked, partSize: it.partSize, blobKey: key, engine: 's3', completedAs: '', createdAt: 0, expiresAt: 0 },
      engineRef: search.searchParams.get('uploadId') ?? '',
    };
    for (let time = 0; time < 2; time++) await store.abandon(begun);
    // Little: it answers before it has read a body.
    assert.equal((await put(world, it.sign.parts[0].url, Buffer.alloc(1))).status, 404);
    await store.remove('openim/none');
    assert.equal(await store.sizeOf('openim/none'), undefined);
    const form = await world.post(initiateFormData.path, { name: 'alice/f', size: 1 }, alice);
    assert.deepEqual(envelopeOf(form).errDlt, 'the object store takes no forms');
  });

  await t.test('F30: URLs are signed for the public address, whose prefix a proxy takes off', async () => {
    const proxied = await S3BlobStore.open({ ...options, publicEndpoint: `${s3.url}/files` });
    const object = {
      ...{ name: 'x', engine: 's3', blobKey: 'openim/none', size: 1, contentType: '', group: '', ownerUserID: '' },
      createdAt: 0,
    };
    const address = await proxied.addressOf(object, { contentType: 'text/plain', disposition: undefined });
    assert.match(address, /\/files\/openim\/openim\/none\?/);
    const { status, body } = await send(port, { method: 'GET', path: pathOf(address).replace('/files', '') });
    assert.equal(status, 404, body.toString());
  });
});

/** Answers as a store that has begun to fail. */
async function standIn(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const failures: readonly (readonly [name: string, answer: RequestListener])[] = [
  ['answers 503', (_request, response) => response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>')],
  ['cuts the connection', (_request, response) => response.destroy()],
  ['answers 200 with an error', (_request, response) => response.end('<Error><Code>InternalError</Code></Error>')],
  ['answers without an end', (_request, response) => response.write(Buffer.alloc(2 * mebibyte))],
];
for (const [name, answer] of failures) {
  test(`a store that ${name} is 500 to clients, and nothing is half-done`, async () => {
    let isFailing = false;
    await using store = await standIn((request, response) =>
      isFailing ? answer(request, response) : response.writeHead(200).end(),
    );
    await using world = await World.open({ ...s3Settings(store.url), TESSERA_MAX_OPEN_UPLOADS: '1' });
    isFailing = true;
    const body = { hash: md5Of(name), size: 6 * mebibyte, maxParts: 1, name: 'alice/large' };
    // Were something of the first left, the second would be one too many.
    for (const _ of ['first', 'second']) {
      const reply = envelopeOf(await world.post(initiateMultipartUpload.path, body, world.token('user')));
      assert.equal(reply.errCode, 500);
      assert.match(reply.errDlt, /^reference /);
    }
  });
}

test('a store that fails while an upload is completed is 500, and it is complete once the store is back', async () => {
  const content = contentOf('the store fails');
  let isFailing = true;
  await using store = await standIn(({ method, url = '' }, response) => {
    const isBlob = url.includes('/hash/');
    if (isFailing && isBlob && method === 'PUT') response.writeHead(503).end();
    else if (method !== 'HEAD') response.end();
    else if (isBlob) response.writeHead(404).end();
    else response.writeHead(200, { 'Content-Length': content.length, ETag: `"${md5Of(content)}"` }).end();
  });
  await using world = await World.open(s3Settings(store.url));
  const asked = { hash: hashOf(content), size: content.length, maxParts: 1, name: 'alice/later.txt' };
  const { upload: it } = await initiate(world, world.token('user'), asked);
  const completed = () => complete(world, world.token('user'), it.uploadID, [content], asked);
  await assert.rejects(completed(), /500 reference/);
  assert.equal((await world.send({ method: 'GET', path: '/object/alice/later.txt' })).status, 404);
  isFailing = false;
  const { url } = await completed();
  assert.equal((await world.send({ method: 'GET', path: pathOf(url) })).status, 302);
});

test('a store that answers nothing is waited for no longer than it may take', async () => {
  let isSilent = false;
  await using store = await standIn((_request, response) => isSilent || response.end());
  const place = { endpoint: store.url, publicEndpoint: store.url, region: 'us-east-1', bucket: 'openim' };
  const blobs = await S3BlobStore.open({ ...place, ...s3Keys, timeoutMs: 100, now: Date.now });
  isSilent = true;
  await assert.rejects(blobs.sizeOf('openim/none'), { name: 'TimeoutError' });
  const bytes = blobs.open('openim/none', 0, 1)[Symbol.asyncIterator]();
  await assert.rejects(bytes.next(), { name: 'TimeoutError' });
});

test('a bucket that another node makes at the same time is there', async () => {
  let isThere = false;
  await using store = await standIn(({ method }, response) => {
    if (method === 'HEAD') response.statusCode = isThere ? 200 : 404;
    else if (!isThere) {
      isThere = true;
      response.statusCode = 409;
    }
    response.end();
  });
  const place = { endpoint: store.url, publicEndpoint: store.url, region: 'us-east-1', bucket: 'openim' };
  await S3BlobStore.open({ ...place, ...s3Keys, timeoutMs: 8000, now: Date.now });
});

test('F30: a store that is not there is refused at start by the name of its setting', async () => {
  await assert.rejects(World.open(s3Settings('http://127.0.0.1:1')), /^StartError: TESSERA_S3_ENDPOINT: cannot use/);
  await assert.rejects(
    World.open(s3Settings('http://your-minio:9000')),
    /TESSERA_S3_ENDPOINT: your-minio is a placeholder/,
  );
});
