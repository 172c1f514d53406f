import { errors } from '../../../protocol/errors.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { offlinePushInfo } from '../../objects/message.ts';
import { sentFields } from '../../objects/sending.ts';

/** Names a message from bob to alice. */
const exampleKey = Buffer.from(JSON.stringify({ sendID: 'bob', recvID: 'alice', groupID: '' })).toString('base64');

export default endpoint({
  path: '/msg/send_simple_msg',
  summary: 'Answer a message that a webhook told of',
  description: 'In a single chat the sender is who got that message; the caller has to be the sender, or an admin.',
  access: self('sendID'),
  required: ['key', 'content'],
  example: { key: exampleKey, sendID: 'alice', content: '**hello**' },
  urlParameter: 'key',
  request: Wire.object({
    key: Wire.id({
      description:
        'In the URL (`?key=`), or here if it is short: base64 of {"sendID", "recvID", "groupID"} of the message answered',
    }),
    sendID: Wire.id({ description: 'Who answers in a group' }),
    content: Wire.string({ description: 'Markdown' }),
    offlinePushInfo: Wire.nullable(offlinePushInfo),
    ex: Wire.string(),
  }),
  strictBind: true,
  response: Wire.object(sentFields),
  checkBinding: ({ content }) => {
    if (content === '') throw errors.args('content is empty');
  },
  handle: (call, body, { simpleMessages }) => simpleMessages.send(call, body),
});
