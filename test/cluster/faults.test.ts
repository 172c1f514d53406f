/**
 * Three nodes behind nginx lose each thing once under traffic, and no client anything. Run by `npm run test:cluster`; the
 * long form is bench/faults.ts, which takes the seed that is printed here.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, test } from 'node:test';
import { printFaults, type SeededResult } from '../../bench/support/fault-table.ts';
import { SeededRandom } from '../../bench/support/seeded-random.ts';
import { FaultSuite, faultNames } from '../support/cluster/fault-suite.ts';

const seed = randomInt(1_000_000);
const suite = new FaultSuite();
const results: SeededResult[] = [];
after(async () => {
  printFaults(results);
  await suite[Symbol.asyncDispose]();
});

for (const fault of faultNames) {
  test(`M1 to M4, T1 to T5: ${fault}`, async (t) => {
    t.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    const result = await suite.run(fault, () => random.next());
    results.push({ ...result, seed });
    assert.deepEqual(result.faults, []);
    if (fault === 'nothing') assert.ok(result.worstDelayMs <= 1000, `${result.worstDelayMs} ms to the last receiver`);
  });
}
