/** Protocol: relations-groups.md 5.1. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/add_friend',
  summary: 'Asks a user to be friends',
  description: 'Both sides are told by notification 1203. What was asked before is asked anew.',
  access: self('fromUserID'),
  required: ['fromUserID', 'toUserID'],
  example: { fromUserID: 'alice', toUserID: 'bob', reqMsg: 'Hello', ex: '' },
  request: Wire.object({
    fromUserID: Wire.id(),
    toUserID: Wire.id(),
    reqMsg: Wire.string(),
    ex: Wire.string({ description: "the application's own text" }),
  }),
  handle: (call, body, { friendRequests }) => friendRequests.ask(call, body),
});
