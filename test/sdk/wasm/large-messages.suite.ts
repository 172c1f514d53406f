/** The first login of an account that others have filled. Protocol: conversations-messages.md 8.3. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { WasmClient } from '../../support/wasm-client.ts';
import { fillAccount, readableFrameBytes, watchFirstLogin } from './filled-account.ts';
import type { Stage } from './stage.ts';

/** More than the Go core asks for in one request, of messages of which a few fill a frame; bench/first-login.ts has more. */
const strangers = 110;
/** Enough for four frames, among many that would fit into one. */
const isLarge = (index: number) => index % 4 === 0;

/** @param device on which nobody is logged in, neither before nor after */
export async function largeMessageStories(t: TestContext, stage: Stage, device: WasmClient): Promise<void> {
  const { backEnd, logIn } = stage;
  await t.test('M4: a first login has all conversations, however large their last messages are', async () => {
    const users = await fillAccount(backEnd, 'popular', strangers, isLarge);
    const shown = await watchFirstLogin(device, strangers, () => logIn(device, 'popular'));
    assert.deepEqual(shown.listed, users.sort());
    assert.equal(shown.failedConnections, 0);
    assert.ok(shown.largestFrameBytes <= readableFrameBytes, `a frame of ${shown.largestFrameBytes} bytes`);
    assert.ok(shown.largestFrameBytes > readableFrameBytes / 3, 'the frames were seen');
    await device.logout();
  });
}
