/**
 * Three nodes behind nginx lose each thing in turn while clients and SDKs send, and tokens come and go. Afterwards nothing
 * acknowledged is missing or there twice, seqs are dense, no live token was refused and no dead one accepted, and every
 * node knows who is online. Prints what each fault cost.
 *
 *   node bench/faults.ts [--seeds N] [--seed FIRST] [--fault NAME]
 *
 *   --seeds  20: how often each fault is tried, with what it leaves to chance drawn anew
 *   --seed   the first of them, 1
 *   --fault  those whose names contain this
 *
 * Exits with 1 when something does not hold. The short form is `npm run test:cluster`.
 */
import { FaultSuite, faultNames } from '../test/support/cluster/fault-suite.ts';
import { faketimeProgram } from '../test/support/services/faketime.ts';
import { ensurePrograms } from '../test/support/services/program.ts';
import { readCommandLine } from './support/command-line.ts';
import { printFaults, type SeededResult } from './support/fault-table.ts';
import { SeededRandom } from './support/seeded-random.ts';

const { values } = readCommandLine(import.meta.filename, {
  seeds: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  fault: { type: 'string', default: '' },
});

async function main(): Promise<void> {
  const names = faultNames.filter((name) => name.includes(values.fault));
  if (names.length === 0) throw new Error(`no fault's name contains ${values.fault}`);
  await ensurePrograms([faketimeProgram], console.log);
  await using suite = new FaultSuite();
  const results: SeededResult[] = [];
  const first = Number(values.seed);
  for (const name of names) {
    for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
      const random = new SeededRandom(seed);
      const result = await suite.run(name, () => random.next());
      results.push({ ...result, seed });
      console.log(`seed ${seed}, ${name}: ${result.faults.length === 0 ? 'all holds' : 'FAULTS'}`);
      for (const fault of result.faults.slice(0, 20)) console.log(`  ${fault}`);
    }
  }
  printFaults(results);
  if (results.some((result) => result.faults.length > 0)) process.exitCode = 1;
}

await main();
