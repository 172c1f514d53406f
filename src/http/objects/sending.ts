/** Pieces that the endpoints which send have in common (conversations-messages chapter, 9.1 to 9.5). */
import { errors } from '../../protocol/errors.ts';
import { sessionTypes } from '../../protocol/numbers/sessions.ts';
import type { JsonObject } from '../../protocol/wire/wire-schema.ts';
import { Wire } from '../../protocol/wire/wire-schema.ts';
import { offlinePushInfo } from './message.ts';

/** What a back end says, but to whom. */
export const backendMessageFields = {
  sendID: Wire.id({ description: 'In whose name the message is sent' }),
  groupID: Wire.id(),
  senderNickname: Wire.string(),
  senderFaceURL: Wire.string(),
  senderPlatformID: Wire.int32(),
  content: Wire.any({ description: 'An object, by contentType; for text (101): {"content": "..."}' }),
  contentType: Wire.int32({
    description:
      '101 text, 102 picture, 103 sound, 104 video, 105 file, 106 text that mentions, 110 custom, 114 quote, 118 markdown, 1400 notification of an account of the system',
    enum: [101, 102, 103, 104, 105, 106, 110, 114, 118, 1400],
  }),
  sessionType: Wire.int32({
    description: '1 single chat, 3 group, 4 notification account: what 1400 has, whatever is given',
    enum: [1, 3, 4],
  }),
  isOnlineOnly: Wire.bool({ description: 'Push to who is online, store nothing' }),
  notOfflinePush: Wire.bool(),
  sendTime: Wire.int64({ description: 'Unix ms; 0 means now' }),
  offlinePushInfo: Wire.nullable(offlinePushInfo),
  ex: Wire.string(),
};

/** What names a message that was sent. */
export const sentFields = { serverMsgID: Wire.id(), clientMsgID: Wire.id(), sendTime: Wire.int64() };

export interface BackendBody {
  readonly sendID: string;
  readonly groupID: string;
  readonly content: JsonObject | null;
  readonly contentType: number;
  readonly sessionType: number;
}

/** What the reference refuses while binding, before it looks at permissions. @throws 1001 */
export function requireBackendFields(body: BackendBody): void {
  if (body.sendID === '') throw errors.args('sendID is empty');
  if (body.content === null) throw errors.args('content is empty');
  if (body.contentType === 0) throw errors.args('contentType is empty');
  if (body.sessionType === 0) throw errors.args('sessionType is empty');
  const isToGroup = body.sessionType === sessionTypes.group || body.sessionType === sessionTypes.writeGroup;
  if (isToGroup && body.groupID === '') throw errors.args('groupID is empty');
}
