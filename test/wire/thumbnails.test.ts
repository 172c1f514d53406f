/** Thumbnails by the URL of an object: objects-push-webhooks.md 1.13 and 1.14. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { pathOf, upload } from './file-uploads.ts';
import { World } from './world.ts';

type Format = 'jpeg' | 'png' | 'gif' | 'webp';

const mostPixels = 1_000_000;

describe('thumbnails', () => {
  let world: World;

  before(async () => {
    world = await World.open({ TESSERA_MAX_THUMBNAIL_PIXELS: String(mostPixels) });
  });
  after(() => world[Symbol.asyncDispose]());

  const store = (name: string, content: Buffer, contentType = 'image/png') =>
    upload(world, world.token('user'), { name: `alice/${name}`, content, contentType });

  const get = (url: string, headers = {}, method = 'GET') => world.send({ method, path: pathOf(url), headers });

  async function shapeAt(url: string) {
    const { status, headers, body } = await get(url);
    assert.equal(status, 200);
    const { format, width, height } = await sharp(body).metadata();
    assert.equal(headers['content-type'], `image/${format}`);
    return [format, width, height];
  }

  /** Byte for byte, and as harmless as ever. */
  async function assertOriginal(url: string, content: Buffer) {
    const reply = await get(url);
    assert.deepEqual([reply.status, reply.body.equals(content)], [200, true], url);
    assert.equal(reply.headers['x-content-type-options'], 'nosniff');
    assert.match(`${reply.headers['content-security-policy']}`, /^sandbox/);
    return reply;
  }

  const shapes: readonly (readonly [query: string, shape: readonly [Format, number, number]])[] = [
    ['width=100&height=100', ['jpeg', 100, 50]],
    ['width=640&height=10', ['jpeg', 20, 10]],
    ['width=100', ['jpeg', 100, 50]],
    ['height=100&width=x', ['jpeg', 200, 100]],
    ['width=-1&height=-1&format=png', ['png', 400, 200]],
    ['width=100&height=100&format=JPG', ['jpeg', 100, 50]],
    ['width=100&height=100&format=png', ['png', 100, 50]],
    ['width=100&height=100&format=gif', ['gif', 100, 50]],
    ['width=100&height=100&format=webp', ['webp', 100, 50]],
    ['width=100&height=100&format=bmp', ['jpeg', 100, 50]],
    ['width=1024&height=1024&format=png', ['png', 400, 200]],
  ];

  for (const [query, shape] of shapes) {
    test(`a JPEG of 400 x 200 is ${shape.join(' ')} with ${query}`, async () => {
      const url = await store('shapes.jpg', await picture(400, 200, 'jpeg'), 'image/jpeg');
      assert.deepEqual(await shapeAt(`${url}?type=image&${query}`), shape);
    });
  }

  for (const format of ['jpeg', 'png', 'gif', 'webp'] as const) {
    test(`a ${format} stays one, whatever type its owner claims`, async () => {
      const url = await store(`own.${format}`, await picture(40, 20, format), 'text/html');
      assert.deepEqual(await shapeAt(`${url}?type=image&width=10&height=10`), [format, 10, 5]);
    });
  }

  test('a picture lies as its EXIF orientation says, and its EXIF data are gone', async () => {
    const content = await sharp(await picture(400, 200, 'jpeg'))
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const url = await store('upright.jpg', content, 'image/jpeg');
    const { body } = await get(`${url}?type=image&width=100&height=100`);
    const { width, height, orientation, exif } = await sharp(body).metadata();
    assert.deepEqual([width, height, orientation, exif], [50, 100, undefined, undefined]);
  });

  test('nothing is made larger, and whoever asks for nothing smaller gets the original', async () => {
    const content = await picture(40, 20, 'png');
    const url = await store('small.png', content);
    for (const query of [
      '',
      'width=40&height=20',
      'width=640&height=640',
      'width=1025&height=10',
      'width=-1&height=-1',
    ]) {
      await assertOriginal(`${url}?type=image&${query}`, content);
    }
    await assertOriginal(`${url}?width=10&height=10`, content);
  });

  test('transparent becomes white in a JPEG', async () => {
    const content = await sharp({ create: { width: 8, height: 8, channels: 4, background: '#0000' } })
      .png()
      .toBuffer();
    const url = await store('clear.png', content);
    const { body } = await get(`${url}?type=image&format=jpg`);
    assert.deepEqual([...(await sharp(body).raw().toBuffer()).subarray(0, 3)], [255, 255, 255]);
  });

  test('what is broken or no picture is the original', async () => {
    const whole = await picture(400, 200, 'png');
    const broken: readonly (readonly [string, Buffer])[] = [
      ['cut.png', whole.subarray(0, whole.length / 2)],
      ['signature.png', whole.subarray(0, 12)],
      ['short.png', whole.subarray(0, 4)],
      ['text.png', Buffer.from('no picture at all')],
    ];
    for (const [name, content] of broken) {
      const url = await store(name, content);
      const { headers } = await assertOriginal(`${url}?type=image&width=10&height=10`, content);
      assert.equal(headers['content-type'], 'image/png');
    }
  });

  test('an SVG is never drawn, whatever type its owner claims: it is the original, and as SVG an attachment', async () => {
    const content = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><rect/></svg>');
    for (const [name, type, disposition] of [
      ['drawn.svg', 'image/svg+xml', "attachment; filename*=UTF-8''drawn.svg"],
      ['drawn.png', 'image/png', undefined],
    ] as const) {
      const url = await store(name, content, type);
      const { headers } = await assertOriginal(`${url}?type=image&width=10&height=10&format=png`, content);
      assert.deepEqual([headers['content-type'], headers['content-disposition']], [type, disposition]);
    }
    await assert.rejects(sharp(content).metadata(), 'libvips has been told not to read it, either');
  });

  test('a PNG that says it has 60 000 x 60 000 pixels is the original, and takes no memory', async () => {
    const content = pngOf(60_000, 60_000);
    const url = await store('bomb.png', content);
    const before = process.memoryUsage.rss();
    await assertOriginal(`${url}?type=image&width=10&height=10`, content);
    assert.ok(process.memoryUsage.rss() - before < 256 * 2 ** 20);
  });

  test('limit maxThumbnailPixels: of as many a thumbnail is made', async () => {
    const url = await store('edge.png', await picture(1000, mostPixels / 1000, 'png'));
    assert.deepEqual(await shapeAt(`${url}?type=image&width=10&height=10`), ['png', 10, 10]);
  });

  test('limit maxThumbnailPixels: one more row is the original', async () => {
    const content = await picture(1000, mostPixels / 1000 + 1, 'png');
    await assertOriginal(`${await store('beyond.png', content)}?type=image&width=10&height=10`, content);
  });

  test('a thumbnail has a tag of its own for each shape, by which it is 304, and a length for HEAD', async () => {
    const url = await store('tagged.png', await picture(50, 50, 'png'));
    const small = `${url}?type=image&width=10&height=10`;
    const { headers, body } = await get(small);
    const tag = `${headers.etag}`;
    const same = await get(small, { 'if-none-match': tag });
    assert.deepEqual([same.status, same.body.length, same.headers.etag], [304, 0, tag]);
    assert.equal(same.headers['cache-control'], 'no-cache');
    for (const other of [url, `${url}?type=image&width=11&height=10`, `${small}&format=webp`]) {
      assert.equal((await get(other, { 'if-none-match': tag })).status, 200, other);
    }
    const head = await get(small, {}, 'HEAD');
    assert.deepEqual([head.headers['content-length'], head.headers.etag], [String(body.length), tag]);
  });

  test('an original instead of a thumbnail is 304 by its own tag', async () => {
    const url = `${await store('tagged.txt', Buffer.from('no picture, with a tag'))}?type=image&width=10&height=10`;
    const { etag } = (await get(url)).headers;
    assert.equal((await get(url, { 'if-none-match': etag })).status, 304);
  });

  test('an attachment is the original', async () => {
    const content = await picture(60, 60, 'png');
    const url = await store('saved.png', content);
    await assertOriginal(`${url}?type=image&width=10&height=10&attachment=true`, content);
  });
});

function picture(width: number, height: number, format: Format): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#385' } })
    .toFormat(format)
    .toBuffer();
}

/** Of so many black pixels by its header; it holds hardly any. */
function pngOf(width: number, height: number): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const pixels = deflateSync(Buffer.alloc(1 + 3 * width));
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(named.length + 8);
  frame.writeUInt32BE(data.length, 0);
  named.copy(frame, 4);
  frame.writeUInt32BE(crc32(named), named.length + 4);
  return frame;
}
