/** Protocol: rest-core.md 9. */
import { Wire } from '../../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../../endpoint.ts';
import { growth, growthRequest } from '../../../objects/statistics.ts';

export default endpoint({
  path: '/statistics/group/create',
  summary: 'Counts groups, and those that were made on each day; only for admins',
  description: 'Dismissed ones count.',
  access: 'admin',
  required: ['start', 'end'],
  example: { start: 1_700_000_000_000, end: 1_800_000_000_000 },
  request: Wire.object(growthRequest),
  response: growth,
  handle: async (call, { start, end }, { groupQueries }) => {
    const { total, before, byDay } = await groupQueries.creations(call, start, end);
    return { total, before, count: byDay };
  },
});
