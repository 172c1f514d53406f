import { errors } from '../../../protocol/errors.ts';
import { sessionTypes } from '../../../protocol/numbers/sessions.ts';
import { Wire, type WireRequest } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { offlinePushInfo } from '../../objects/message.ts';

const request = Wire.object({
  sendID: Wire.id({ description: 'In whose name the message is sent' }),
  recvID: Wire.id({ description: 'Receiver of a single chat' }),
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
});

export default endpoint({
  path: '/msg/send_msg',
  summary: 'Send a message in the name of a user',
  access: 'admin',
  required: ['sendID', 'content', 'contentType', 'sessionType'],
  example: { sendID: 'alice', recvID: 'bob', content: { content: 'hello' }, contentType: 101, sessionType: 1 },
  takesLargeBody: true,
  request,
  strictBind: true,
  response: Wire.object({ serverMsgID: Wire.id(), clientMsgID: Wire.id(), sendTime: Wire.int64() }),
  checkBinding: requireFields,
  handle: (call, body, { messenger }) => messenger.sendFromBackend(call, { ...body, content: body.content ?? {} }),
});

/** What the reference refuses while binding, before it looks at permissions (conversations-messages chapter, 9.1). */
function requireFields(body: WireRequest<typeof request>): void {
  const { single, writeGroup, group, notification } = sessionTypes;
  if (body.sendID === '') throw errors.args('sendID is empty');
  if (body.content === null) throw errors.args('content is empty');
  if (body.contentType === 0) throw errors.args('contentType is empty');
  if (body.sessionType === 0) throw errors.args('sessionType is empty');
  const isToUser = body.sessionType === single || body.sessionType === notification;
  const isToGroup = body.sessionType === group || body.sessionType === writeGroup;
  if (isToUser && body.recvID === '') throw errors.args('recvID is empty');
  if (isToGroup && body.groupID === '') throw errors.args('groupID is empty');
}
