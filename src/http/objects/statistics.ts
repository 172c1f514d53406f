/** How something has grown (rest-core chapter, section 9). */
import { Wire } from '../../protocol/wire/wire-schema.ts';

export const growthRequest = {
  start: Wire.int64({ description: 'Unix ms' }),
  end: Wire.int64({ description: 'Unix ms; not included' }),
};

export const growth = Wire.object(
  {
    total: Wire.int64({ description: 'all there are' }),
    before: Wire.int64({ description: 'those from before `start`' }),
    count: Wire.map(Wire.int64(), { description: 'by day of UTC, YYYY-MM-DD; left out when empty' }),
  },
  { title: 'Growth' },
);
