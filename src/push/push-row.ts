/** What is kept of a message until whom it does not reach online has been woken. Protocol: objects-push-webhooks.md 2.1, 2.3. */
import type { Delivery, DeliveryEntry } from '../deliveries/delivery-store.ts';
import { conversationIDOf } from '../protocol/conversation-id.ts';
import type { MsgData } from '../protocol/gen/openim.ts';
import { logIDOf } from '../protocol/log-id.ts';
import { optionEnabled } from '../protocol/message.ts';
import { contentTypes } from '../protocol/numbers/contents.ts';
import { optionKeys } from '../protocol/numbers/messages.ts';
import type { PushProviderName } from '../protocol/numbers/push-providers.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { PushContent } from './push-provider.ts';
import type { PushedChat } from './push-recipient-store.ts';

/** Never the text of the message, unless the operator's receiver is asked with it. */
export interface PushRow extends PushedChat {
  /** `serverMsgID`. */
  readonly id: string;
  /** 0 of what is not stored. */
  readonly seq: number;
  /** By the server's clock, Unix ms. */
  readonly sentAt: number;
  readonly content: Omit<PushContent, 'id'>;
  readonly hasBadge: boolean;
  /** What the operator's receiver is asked with; undefined if it is not. */
  readonly asked?: object | undefined;
  /** Up to this user, in order of their IDs, it is done. */
  readonly after?: string;
  /** Set of what a service could not take then, and nobody else is concerned: user and platform, 0 for a user by alias. */
  readonly again?: { readonly provider: PushProviderName; readonly targets: readonly (readonly [string, number])[] };
}

/** Whether the message is one to wake anybody with. */
export function causesPushes({ contentType, options, sendID, recvID, sessionType }: MsgData): boolean {
  if (roomContents.has(contentType)) return false;
  if (sessionType !== sessionTypes.group && sendID === recvID) return false;
  // Notices say that it is off, unless their setting has it on.
  return optionEnabled(options, optionKeys.offlinePush);
}

/** Somebody has come into a room, or left it. */
const roomContents: ReadonlySet<number> = new Set([1602, 1603]);

/** @param sentAt Unix ms */
export function pushRowOf(message: MsgData, seq: number, operationID: string, sentAt: number): PushRow {
  const { sendID, offlinePushInfo: info, clientMsgID, serverMsgID, sessionType } = message;
  const isGroup = sessionType === sessionTypes.group;
  const conversationID = conversationIDOf(message);
  const title = info?.title || (titles.get(message.contentType) ?? '[NEWMSG]');
  const body = info?.desc || title;
  return {
    ...{ id: serverMsgID, logID: logIDOf(message, conversationID), conversationID, seq, sentAt, sendID },
    ...{ recvID: isGroup ? '' : message.recvID, groupID: isGroup ? message.groupID : '' },
    content: { title, body, clientMsgID, ex: info?.ex ?? '', sound: info?.iOSPushSound ?? '', operationID },
    hasBadge: info?.iOSBadgeCount ?? false,
  };
}

const titles: ReadonlyMap<number, string> = new Map<number, string>([
  [contentTypes.text, '[TEXT]'],
  [contentTypes.picture, '[PICTURE]'],
  [contentTypes.sound, '[VOICE]'],
  [contentTypes.video, '[VIDEO]'],
  [contentTypes.file, '[File]'],
  [contentTypes.atText, '[@TEXT]'],
  [1601, '[SIGNALINVITE]'],
]);

/** Rows of a conversation keep their order; what a service could not take waits apart, and holds up nothing else. */
export function pushEntryOf(row: PushRow, dueAt?: number): DeliveryEntry {
  const key = row.again === undefined ? row.logID : `${row.again.provider} ${row.logID}`;
  const entry = { topic: 'push', key, deliveryID: row.id, payload: JSON.stringify(row) } as const;
  return dueAt === undefined ? entry : { ...entry, dueAt };
}

export function pushRowIn({ payload }: Pick<Delivery, 'payload'>): PushRow {
  return JSON.parse(payload);
}
