import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/check_msg_is_send_success',
  summary: 'Whether the call with this operationID has sent its message',
  description: 'Of send_msg and send_simple_msg, for a day. What is looked up is the operationID of this call itself.',
  access: 'anyone',
  example: {},
  request: Wire.object({}),
  response: Wire.object({ status: Wire.int32({ description: '2 sent, 0 not known', enum: [0, 2] }) }),
  handle: async ({ operationID }, _body, { sendStatuses }) => ({ status: await sendStatuses.statusOf(operationID) }),
});
