import { errors } from '../../../protocol/errors.ts';
import { sessionTypes } from '../../../protocol/numbers/sessions.ts';
import { Wire, type WireRequest } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { backendMessageFields, requireBackendFields, sentFields } from '../../objects/sending.ts';

const request = Wire.object({
  ...backendMessageFields,
  recvID: Wire.id({ description: 'Receiver of a single chat or of a notification' }),
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
  response: Wire.object(sentFields),
  checkBinding: requireFields,
  handle: (call, body, { messenger }) => messenger.sendFromBackend(call, { ...body, content: body.content ?? {} }),
});

function requireFields(body: WireRequest<typeof request>): void {
  requireBackendFields(body);
  const isToUser = body.sessionType === sessionTypes.single || body.sessionType === sessionTypes.notification;
  if (isToUser && body.recvID === '') throw errors.args('recvID is empty');
}
