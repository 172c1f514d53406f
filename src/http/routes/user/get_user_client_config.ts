/** Protocol: rest-core.md 7.13. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/user/get_user_client_config',
  summary: "Gives the settings that back ends keep for a user's clients",
  description: "Everybody's, with the user's own over them. Clients read them once per login.",
  access: self('userID'),
  example: { userID: 'alice' },
  request: Wire.object({ userID: Wire.id({ description: "empty: only everybody's" }) }),
  response: Wire.object({ configs: Wire.map(Wire.string()) }),
  handle: async (call, { userID }, { clientConfigs }) => ({ configs: await clientConfigs.read(call, userID) }),
});
