/** The first login of an account that others have filled. Protocol: conversations-messages.md 8.3. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Stage } from './stage.ts';

/** More than the Go core asks for in one request, of messages of which eight fill a frame. */
const strangers = 110;
const textLength = 120_000;

export async function largeMessageStories(t: TestContext, { backEnd, newDevice, logIn }: Stage): Promise<void> {
  await t.test('M4: a first login has all conversations, however large their last messages are', async () => {
    const users = Array.from({ length: strangers }, (_, index) => `stranger${index}`);
    await backEnd.register('popular', ...users);
    for (const user of users) await sendLarge(backEnd, user);
    const device = await newDevice();
    await logIn(device, 'popular');
    const list = await device.call('getAllConversationList');
    assert.deepEqual(list.map(({ userID }) => userID).sort(), users.toSorted());
    assert.ok(list.every(({ unreadCount, latestMsg }) => unreadCount === 1 && latestMsg !== ''));
    assert.equal(device.count('OnConnectFailed'), 0);
  });
}

async function sendLarge(backEnd: Stage['backEnd'], sendID: string): Promise<void> {
  await backEnd.call('/msg/send_msg', {
    sendID,
    recvID: 'popular',
    senderPlatformID: 5,
    contentType: 101,
    sessionType: 1,
    content: { content: randomBytes(textLength / 2).toString('hex') },
  });
}
