/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/get_incremental_friends',
  summary: "Gives what changed of a user's friends since a version",
  description: 'full: the version is not known or too old; read everything. This server keeps no friends yet.',
  access: 'token',
  request: Wire.object({ userID: Wire.string(), version: Wire.uint64(), versionID: Wire.string() }),
  response: Wire.object({
    version: Wire.uint64(),
    versionID: Wire.string(),
    full: Wire.bool(),
    delete: Wire.list(Wire.string()),
    insert: Wire.list(Wire.any()),
    update: Wire.list(Wire.any()),
    sortVersion: Wire.uint64(),
  }),
  handle: async (call, body, { emptyRelations }) => {
    const { version, versionID, full } = await emptyRelations.changesSince(call, 'friends', body.userID, body);
    return { version, versionID, full, delete: null, insert: null, update: null, sortVersion: 0 };
  },
});
