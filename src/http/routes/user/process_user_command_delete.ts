/** Protocol: rest-core.md 7.11. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { commandKey } from '../../objects/user-command.ts';

export default endpoint({
  path: '/user/process_user_command_delete',
  summary: 'Deletes a record of a user',
  description: "Only for the user and for admins. The user's devices are told by notification 1306.",
  access: self('userID'),
  required: ['userID', 'type', 'uuid'],
  example: { userID: 'alice', type: 1, uuid: 'favourite-1' },
  request: Wire.object(commandKey),
  handle: (call, key, { userCommands }) => userCommands.remove(call, key),
});
