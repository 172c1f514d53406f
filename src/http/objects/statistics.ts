/** How something has grown, and who is active (rest-core chapter, section 9). */
import type { ActivityQuery, ActivityReport } from '../../messaging/activity.ts';
import { wirePagination } from '../../protocol/pagination.ts';
import { Wire, type WireRequest } from '../../protocol/wire/wire-schema.ts';

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

/** What both questions for the active ones have in common. */
export const activityRequest = {
  ...growthRequest,
  ase: Wire.bool({ description: 'the least active first' }),
  pagination: wirePagination,
};

type AskedActivity = { readonly [Name in keyof typeof activityRequest]: WireRequest<(typeof activityRequest)[Name]> };

export function toActivityQuery({ start, end, ase, pagination }: AskedActivity): ActivityQuery {
  return { start, end, isAscending: ase, pagination };
}

/** What both answers have in common. */
export const activityCounts = {
  msgCount: Wire.int64({ description: 'messages from `start` on and before `end`' }),
  dateCount: Wire.map(Wire.int64(), { description: 'of them by day of UTC, YYYY-MM-DD; left out when empty' }),
};

export function toActivityCounts({ messages, byDay }: ActivityReport<unknown>) {
  return { msgCount: messages, dateCount: byDay };
}
