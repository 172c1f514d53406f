import { errors } from '../../../protocol/errors.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { sentFields } from '../../objects/sending.ts';

export default endpoint({
  path: '/msg/send_business_notification',
  summary: 'Tell a user or a group something in words of your own',
  access: 'admin',
  required: ['sendUserID', 'recvUserID'],
  example: { key: 'order', data: '{"id":1}', sendUserID: 'alice', recvUserID: 'bob' },
  request: Wire.object({
    key: Wire.id(),
    data: Wire.string(),
    sendUserID: Wire.id({ description: 'Need not be registered' }),
    recvUserID: Wire.id({ description: 'Either this or recvGroupID' }),
    recvGroupID: Wire.id(),
    sendMsg: Wire.bool({ description: 'Also a message in the chat' }),
    reliabilityLevel: Wire.int32Value({
      description: '1, the default, reaches who is online; 2 is stored',
      enum: [1, 2],
    }),
  }),
  strictBind: true,
  response: Wire.object(sentFields),
  checkBinding: ({ sendUserID }) => {
    if (sendUserID === '') throw errors.args('sendUserID is empty');
  },
  handle: (call, body, { businessNotifications }) =>
    businessNotifications.send(call, { ...body, reliabilityLevel: body.reliabilityLevel ?? 1 }),
});
