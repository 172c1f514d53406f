/** Protocol: rest-core.md 7.11. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { commandKey } from '../../objects/user-command.ts';

export default endpoint({
  path: '/user/process_user_command_add',
  summary: 'Keeps a record for a user',
  description:
    "Only for the user and for admins. A record with the same type and uuid is replaced. The user's devices are told by notification 1305.",
  access: self('userID'),
  required: ['userID', 'type', 'uuid'],
  example: { userID: 'alice', type: 1, uuid: 'favourite-1', value: 'https://example.com' },
  request: Wire.object({ ...commandKey, value: Wire.stringValue(), ex: Wire.stringValue() }),
  handle: (call, { value, ex, ...key }, { userCommands }) => userCommands.add(call, key, { value, ex }),
});
