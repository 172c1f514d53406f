/** Protocol: rest-core.md 9. */
import { Wire } from '../../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../../endpoint.ts';
import { growth, growthRequest } from '../../../objects/statistics.ts';

export default endpoint({
  path: '/statistics/user/register',
  summary: 'Counts users, and those who came on each day; only for admins',
  access: 'admin',
  required: ['start', 'end'],
  example: { start: 1_700_000_000_000, end: 1_800_000_000_000 },
  request: Wire.object(growthRequest),
  response: growth,
  handle: async (call, { start, end }, { userDirectory }) => {
    const { total, before, byDay } = await userDirectory.registrations(call, start, end);
    return { total, before, count: byDay };
  },
});
