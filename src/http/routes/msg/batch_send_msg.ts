import { errors } from '../../../protocol/errors.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { backendMessageFields, requireBackendFields, sentFields } from '../../objects/sending.ts';

export default endpoint({
  path: '/msg/batch_send_msg',
  summary: 'Send a message to many users, each in a chat of its own',
  description:
    'All have the same clientMsgID. Of what goes to all users the answer names no more than a list may hold.',
  access: 'admin',
  required: ['sendID', 'content', 'contentType', 'sessionType', 'recvIDs'],
  example: { sendID: 'alice', recvIDs: ['bob'], content: { content: 'hello' }, contentType: 101, sessionType: 1 },
  takesLargeBody: true,
  request: Wire.object({
    ...backendMessageFields,
    recvIDs: Wire.nullable(Wire.list(Wire.id()), { description: 'Has to be there, if only as [], with isSendAll too' }),
    isSendAll: Wire.bool({ description: 'To all registered users, whatever recvIDs has' }),
  }),
  strictBind: true,
  response: Wire.object({
    results: Wire.list(Wire.object({ ...sentFields, recvID: Wire.id() })),
    failedUserIDs: Wire.list(Wire.id()),
  }),
  checkBinding: (body) => {
    requireBackendFields(body);
    if (body.recvIDs === null) throw errors.args('recvIDs is empty');
  },
  handle: async (call, { recvIDs, isSendAll, ...body }, { batchSender }) => {
    const message = { ...body, recvID: '', content: body.content ?? {} };
    const { sent, failedUserIDs } = await batchSender.send(call, message, isSendAll ? 'all' : (recvIDs ?? []));
    return { results: sent, failedUserIDs };
  },
});
