/** Our frames as a WebSocket client reads them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { test } from 'node:test';
import * as ws from 'ws';
import { binaryFrame } from './binary-frame.ts';

/** What the library's types leave out: its reader of frames. */
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable };

for (const length of [0, 1, 125, 126, 127, 0xffff, 0x10000, 1_000_000]) {
  test(`a payload of ${length} bytes is read as it was`, async () => {
    const receiver = new Receiver({ isServer: false });
    const payload = Buffer.alloc(length, 'payload');
    const read = once(receiver, 'message');
    receiver.write(binaryFrame(payload));
    const [data, isBinary] = await read;
    assert.ok(isBinary);
    assert.ok(payload.equals(data));
  });
}
