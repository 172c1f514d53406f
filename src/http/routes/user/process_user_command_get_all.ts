/** Protocol: rest-core.md 7.11. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { commandKey, commandList, toCommandList } from '../../objects/user-command.ts';

export default endpoint({
  path: '/user/process_user_command_get_all',
  summary: 'Gives all records of a user',
  description: 'Only for the user and for admins; ordered by type, then uuid.',
  access: self('userID'),
  required: ['userID'],
  example: { userID: 'alice' },
  request: Wire.object({ userID: commandKey.userID }),
  response: commandList,
  handle: async (call, { userID }, { userCommands }) => toCommandList(await userCommands.all(call, userID)),
});
