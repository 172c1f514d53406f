/** Protocol: relations-groups.md 5.8. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/add_black',
  summary: 'Blocks a user',
  description:
    "The user's messages are refused with 1302 from now on. The owner's devices are told by notification 1207; the user is not.",
  access: self('ownerUserID'),
  required: ['ownerUserID', 'blackUserID'],
  example: { ownerUserID: 'alice', blackUserID: 'bob', ex: '' },
  request: Wire.object({
    ownerUserID: Wire.id(),
    blackUserID: Wire.id(),
    ex: Wire.string({ description: "the application's own text" }),
  }),
  handle: (call, body, { blackList }) => blackList.add(call, body.ownerUserID, body.blackUserID, body.ex),
});
