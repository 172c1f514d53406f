/** The first login of an account that strangers have filled with messages of the greatest size: on what and with what. */
import { randomBytes } from 'node:crypto';
import { limits } from '../../../src/config/limits.ts';
import type { BackEnd } from '../../support/back-end.ts';
import type { WasmClient } from '../../support/wasm-client.ts';

/** What the Go core reads of a frame, on the wire. Protocol: conversations-messages.md 8.3. */
export const readableFrameBytes = 1024 * 1024;

/** Room for the other fields of a message: IDs, times, and the braces of its content. */
const otherFieldsBytes = 512;

/** Messages that are stored at the same time. */
const lanes = 16;

/**
 * A chat of `userID` with each of `count` strangers, of one message as large as may be.
 * @param isLarge of the stranger of that index; the messages of the others have a tenth
 * @returns their IDs
 */
export async function fillAccount(
  backEnd: BackEnd,
  userID: string,
  count: number,
  isLarge: (index: number) => boolean = () => true,
): Promise<string[]> {
  const strangers = Array.from({ length: count }, (_, index) => `stranger${index}`);
  await backEnd.register(userID, ...strangers);
  // Of random bytes, which gzip makes little of.
  const largest = ((limits.maxMessageBytes.default - otherFieldsBytes) * 3) / 4;
  const text = (index: number) => randomBytes(isLarge(index) ? largest : largest / 10).toString('base64');
  const waiting = strangers.entries();
  const sendAll = async () => {
    for (const [index, sendID] of waiting) {
      const message = { sendID, recvID: userID, senderPlatformID: 5, contentType: 101, sessionType: 1 };
      await backEnd.call('/msg/send_msg', { ...message, content: { content: text(index) } });
    }
  };
  await Promise.all(Array.from({ length: lanes }, sendAll));
  return strangers;
}

/** What the app would show. */
export interface FirstLogin {
  /** Of the chats that have a newest message and show it as unread, sorted. */
  readonly listed: readonly string[];
  readonly largestFrameBytes: number;
  readonly failedConnections: number;
}

/**
 * Resolves when the device counts `unread` messages: some time after its SDK has synchronised, in which it stores them,
 * and in which its database answers nothing else.
 * @param logIn of the device, which has never been used
 */
export async function watchFirstLogin(
  device: WasmClient,
  unread: number,
  logIn: () => Promise<void>,
): Promise<FirstLogin> {
  let largestFrameBytes = 0;
  device.page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      largestFrameBytes = Math.max(largestFrameBytes, Buffer.byteLength(payload));
    });
  });
  const counted = device.next('OnTotalUnreadMessageCountChanged', ({ data }) => data === unread);
  await logIn();
  await counted;
  const list = await pagesOf((offset) => device.call('getConversationListSplit', { offset, count: pageSize }));
  const listed = list.filter(({ unreadCount, latestMsg }) => unreadCount === 1 && latestMsg !== '');
  return {
    listed: listed.map(({ userID }) => userID).sort(),
    largestFrameBytes,
    failedConnections: device.count('OnConnectFailed'),
  };
}

/** As apps ask for their list. */
const pageSize = 50;

async function pagesOf<Item>(page: (offset: number) => Promise<readonly Item[]>): Promise<Item[]> {
  const all: Item[] = [];
  for (;;) {
    const items = await page(all.length);
    if (items.length === 0) return all;
    all.push(...items);
  }
}
