/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { changesOf, sinceVersion } from '../../objects/sync.ts';

export default endpoint({
  path: '/friend/get_incremental_friends',
  summary: "Gives what changed of a user's friends since a version",
  description: 'This server keeps no friends yet.',
  access: self('userID'),
  example: { userID: 'alice', version: 0, versionID: '' },
  request: sinceVersion,
  response: Wire.object({ ...changesOf(Wire.any()), sortVersion: Wire.uint64() }),
  handle: async (call, body, { emptyRelations }) => {
    const { version, versionID, full } = await emptyRelations.changesSince(call, 'friends', body.userID, body);
    return { version, versionID, full, delete: null, insert: null, update: null, sortVersion: 0 };
  },
});
