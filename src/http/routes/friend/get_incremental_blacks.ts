/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { blackInfo, toBlackInfo } from '../../objects/friend.ts';
import { changesOf, sinceVersion, toChanges } from '../../objects/sync.ts';

export default endpoint({
  path: '/friend/get_incremental_blacks',
  summary: 'Gives what changed of whom a user has blocked since a version',
  description: 'OpenIM declares it and answers 500.',
  access: self('userID'),
  example: { userID: 'alice', version: 0, versionID: '' },
  request: sinceVersion,
  response: Wire.object(changesOf(blackInfo)),
  handle: async (call, body, { blackList }) => {
    const { sortVersion: _, ...changes } = toChanges(
      await blackList.changesSince(call, body.userID, body),
      toBlackInfo,
    );
    return changes;
  },
});
