/** Whether the world outside is told of what happens, as the database has it. */
import { advice, type Finding, ok } from './finding.ts';

/** Of one topic. */
export interface DeliveryRow {
  readonly topic: string;
  readonly parked: number | bigint | string;
}

/** Both engines understand it. */
export const selectDeliveries =
  'SELECT topic, count(*) AS parked FROM deliveries WHERE parked_at IS NOT NULL GROUP BY topic ORDER BY topic';

/** @param rows of topics with parked ones */
export function checkDeliveries(rows: readonly DeliveryRow[]): Finding[] {
  if (rows.length === 0) return [ok('deliveries', 'none was given up')];
  return rows.map(({ topic, parked }) => {
    const remedy =
      topic === 'webhooks'
        ? 'tessera webhooks parked shows why; once the receiver answers, tessera webhooks replay all'
        : 'the log of the server has the cause';
    return advice(`deliveries: ${topic}`, `${parked} were given up after too many tries`, remedy);
  });
}
