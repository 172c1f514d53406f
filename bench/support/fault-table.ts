/** What each fault cost, as bench/faults and `npm run test:cluster` print it. */
import type { FaultResult } from '../../test/support/cluster/fault-suite.ts';
import { whole } from './numbers.ts';
import { printTable } from './table.ts';

export interface SeededResult extends FaultResult {
  readonly seed: number;
}

export function printFaults(results: readonly SeededResult[]): void {
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  printTable(
    'Each fault under traffic. Delivered: messages times receivers. Times in seconds, from the acknowledgement: of what is\n' +
      'pushed to who was connected, and of all',
    [
      'fault',
      'seed',
      'sent',
      'acknowledged',
      'delivered',
      'repaired',
      'by SDKs',
      'tokens',
      'worst push',
      'worst delay',
      'presence after',
      'faults',
    ],
    results.map((each) => [
      each.fault,
      String(each.seed),
      whole(each.sent),
      whole(each.acknowledged),
      whole(each.delivered),
      whole(each.repaired),
      whole(each.sdkAcknowledged),
      `${each.tokens.issued}, ${each.tokens.ended} ended`,
      seconds(each.worstPushMs),
      seconds(each.worstDelayMs),
      seconds(each.presenceMs),
      whole(each.faults.length),
    ]),
  );
}
