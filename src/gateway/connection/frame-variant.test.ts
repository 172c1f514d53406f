/** What connections of one way of writing frames share, and what a gzipped request may hold. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { FrameDecodeError, type SocketReply } from '../../protocol/frames/frames.ts';
import { requestEnvelope } from '../../protocol/frames/gob/envelopes.ts';
import { createStructEncoder } from '../../protocol/frames/gob/struct-encoder.ts';
import { createGobFrameCodec } from '../../protocol/frames/gob-frame-codec.ts';
import { createJsonFrameCodec } from '../../protocol/frames/json-frame-codec.ts';
import { type FrameVariant, FrameVariants, SharedFrame } from './frame-variant.ts';

const limit = 1024 * 1024;
const codecs = { js: createJsonFrameCodec(), go: createGobFrameCodec() };
const variants = new FrameVariants(codecs, limit);

const reply: SocketReply = {
  reqIdentifier: 2001,
  msgIncr: '',
  operationID: 'op',
  errCode: 0,
  errMsg: '',
  data: Buffer.alloc(300, 'x'),
};

function variant(sdkType: 'go' | 'js', isCompressed: boolean): FrameVariant {
  const found = variants.find(sdkType, isCompressed);
  assert.ok(found);
  return found;
}

describe('variants', () => {
  test('each is the same for all connections, and different from the others', () => {
    const all = (['go', 'js'] as const).flatMap((sdkType) => [variant(sdkType, false), variant(sdkType, true)]);
    assert.equal(new Set(all).size, 4);
    assert.equal(variant('go', true), variant('go', true));
    assert.deepEqual(
      all.map(({ codecName }) => codecName),
      ['gob', 'gob', 'json', 'json'],
    );
  });

  test('there is none without a codec', () => {
    assert.equal(new FrameVariants({ js: createJsonFrameCodec() }, limit).find('go', true), undefined);
  });

  test('the gzipped one is the plain one in gzip', () => {
    for (const sdkType of ['go', 'js'] as const) {
      const plain = variant(sdkType, false).encodeReply(reply);
      assert.ok(gunzipSync(variant(sdkType, true).encodeReply(reply)).equals(plain));
    }
  });
});

describe('shared frames', () => {
  test('a push to many is made once, and encoded once for each way of writing it', () => {
    const counts = { made: 0, gob: 0, json: 0 };
    const counted = (name: 'gob' | 'json', { decodeRequest, encodeReply }: typeof codecs.go) => ({
      name,
      decodeRequest,
      encodeReply: (of: SocketReply) => {
        counts[name]++;
        return encodeReply(of);
      },
    });
    const counting = new FrameVariants({ go: counted('gob', codecs.go), js: counted('json', codecs.js) }, limit);
    const frame = new SharedFrame(() => {
      counts.made++;
      return reply;
    });
    assert.equal(counts.made, 0);
    const receivers = [counting.find('go', true), counting.find('js', false)];
    const [gob, json] = receivers.map((of) => of && frame.bytesFor(of));
    for (let i = 0; i < 1000; i++) {
      for (const [index, of] of receivers.entries()) assert.equal(of && frame.bytesFor(of), [gob, json][index]);
    }
    assert.deepEqual(counts, { made: 1, gob: 1, json: 1 });
  });
});

describe('gzipped requests', () => {
  const encode = createStructEncoder('GeneralWsReq', 64, requestEnvelope);
  const request = { ReqIdentifier: 1001, Token: '', SendID: 'u1', OperationID: 'op', MsgIncr: 'i' };
  const overhead = encode({ ...request, Data: Buffer.alloc(limit - 1000) }).length - (limit - 1000);
  const frameOf = (length: number) => gzipSync(encode({ ...request, Data: Buffer.alloc(length - overhead) }));

  test('one of the largest size is read', () => {
    assert.equal(variant('go', true).decodeRequest(frameOf(limit)).data.length, limit - overhead);
  });

  for (const [what, frame] of [
    ['one byte more', frameOf(limit + 1)],
    ['a bomb', gzipSync(Buffer.alloc(100 * limit))],
    ['what is not gzip', Buffer.from('hello')],
    ['gzip of what is not gob', gzipSync('hello')],
    ['gob that is not gzipped', encode({ ...request, Data: Buffer.alloc(0) })],
  ] as const) {
    test(`O1: ${what} is refused`, () => {
      assert.throws(() => variant('go', true).decodeRequest(frame), FrameDecodeError);
    });
  }

  test('O1: gzip that was not negotiated is refused', () => {
    assert.throws(() => variant('go', false).decodeRequest(frameOf(1000)), FrameDecodeError);
  });
});
