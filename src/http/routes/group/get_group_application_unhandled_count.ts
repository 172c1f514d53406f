/** Protocol: relations-groups.md 8.12. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/group/get_group_application_unhandled_count',
  summary: 'Counts the requests to join that wait for an answer of an owner or admin',
  access: self('userID'),
  example: { userID: 'alice', time: 0 },
  request: Wire.object({
    userID: Wire.id(),
    time: Wire.int64({ description: 'only requests made later, Unix ms; 0 for all' }),
  }),
  response: Wire.object({ count: Wire.int64() }),
  handle: async (call, { userID, time }, { groupRequestQueries }) => ({
    count: await groupRequestQueries.pendingCount(call, userID, time),
  }),
});
