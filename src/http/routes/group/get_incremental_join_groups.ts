/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/group/get_incremental_join_groups',
  summary: "Gives what changed of a user's joined groups since a version",
  description: 'full: the version is not known or too old; read everything. This server keeps no groups yet.',
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
    const { version, versionID, full } = await emptyRelations.changesSince(call, 'joined_groups', body.userID, body);
    return { version, versionID, full, delete: null, insert: null, update: null, sortVersion: 0 };
  },
});
