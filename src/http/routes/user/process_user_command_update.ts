/** Protocol: rest-core.md 7.11. */

import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { keptIfNull } from '../../objects/kept-if-null.ts';
import { commandKey } from '../../objects/user-command.ts';

export default endpoint({
  path: '/user/process_user_command_update',
  summary: 'Changes what is set of a record of a user',
  description: "Only for the user and for admins. The user's devices are told by notification 1307.",
  access: self('userID'),
  required: ['userID', 'type', 'uuid'],
  example: { userID: 'alice', type: 1, uuid: 'favourite-1', value: 'https://example.com/new' },
  request: Wire.object({ ...commandKey, value: Wire.stringValue(keptIfNull), ex: Wire.stringValue(keptIfNull) }),
  handle: (call, { value, ex, ...key }, { userCommands }) => userCommands.update(call, key, { value, ex }),
});
