/** What a back end sends over REST, as a message (conversations-messages chapter, 9.1). */

import { errors } from '../protocol/errors.ts';
import type { MsgData, OfflinePushInfo } from '../protocol/gen/openim.ts';
import { newMsgData } from '../protocol/message.ts';
import { contentTypes } from '../protocol/numbers/contents.ts';
import { msgFrom, type OptionKey } from '../protocol/numbers/messages.ts';
import { notificationTypes } from '../protocol/numbers/notices.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { JsonObject } from '../protocol/wire/wire-schema.ts';
import { mentionedIn, toBackendContent } from './backend-content.ts';

export interface BackendMessage {
  readonly sendID: string;
  readonly recvID: string;
  readonly groupID: string;
  readonly senderNickname: string;
  readonly senderFaceURL: string;
  readonly senderPlatformID: number;
  readonly content: JsonObject;
  readonly contentType: number;
  readonly sessionType: number;
  readonly isOnlineOnly: boolean;
  readonly notOfflinePush: boolean;
  /** Unix ms; 0 means now. */
  readonly sendTime: number;
  readonly offlinePushInfo: OfflinePushInfo | null;
  readonly ex: string;
}

/** @throws 1001 for a content type that back ends cannot send, or content that lacks what its type needs */
export function toMsgData(request: BackendMessage, now: number): MsgData {
  const { content, isOnlineOnly, notOfflinePush, offlinePushInfo, ...fields } = request;
  if (fields.sendTime < 0) throw errors.args('sendTime is negative');
  const checked = toBackendContent(request.contentType, content);
  const isOfficial = request.contentType === notificationTypes.officialAccount;
  return newMsgData({
    ...fields,
    sessionType: isOfficial ? sessionTypes.notification : fields.sessionType,
    msgFrom: msgFrom.system,
    createTime: now,
    content: Buffer.from(JSON.stringify(isOfficial ? { detail: JSON.stringify(checked) } : checked)),
    options: new Map(switchedOff(isOnlineOnly, notOfflinePush).map((key) => [key, false])),
    offlinePushInfo: offlinePushInfo ?? undefined,
    atUserIDList: request.contentType === contentTypes.atText ? [...mentionedIn(checked)] : [],
  });
}

function switchedOff(isOnlineOnly: boolean, notOfflinePush: boolean): OptionKey[] {
  const off: OptionKey[] = isOnlineOnly ? ['history', 'persistent', 'senderSync', 'conversationUpdate'] : [];
  return notOfflinePush ? [...off, 'offlinePush'] : off;
}
