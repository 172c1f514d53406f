/** Protocol: rest-core.md 7.11. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { commandKey, commandList, toCommandList } from '../../objects/user-command.ts';

export default endpoint({
  path: '/user/process_user_command_get',
  summary: "Gives a user's records of one type",
  description: 'Only for the user and for admins; ordered by uuid.',
  access: self('userID'),
  required: ['userID', 'type'],
  example: { userID: 'alice', type: 1 },
  request: Wire.object({ userID: commandKey.userID, type: commandKey.type }),
  response: commandList,
  handle: async (call, { userID, type }, { userCommands }) =>
    toCommandList(await userCommands.ofType(call, userID, type)),
});
