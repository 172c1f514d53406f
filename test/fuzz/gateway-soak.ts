/**
 * gateway-frames.test.ts for as long as you like, with the memory in use every half minute:
 *
 *   node test/fuzz/gateway-soak.ts [--minutes 10] [--seed N]
 *
 * Exits with 1 when the server logs an error, a client beside the hostile ones is harmed, or memory does not come back.
 */
import { parseArgs } from 'node:util';
import { Attack } from './support/attack.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const reportEveryMs = 30_000;
const allowedGrowthBytes = 10_000_000;

console.log(`seed ${seed}, ${minutes} minutes`);
await using attack = await Attack.start(seed);
const startedAt = performance.now();
const elapsedMs = () => performance.now() - startedAt;

let warm = 0;
for (let reports = 1; elapsedMs() < minutes * 60_000; reports++) {
  while (elapsedMs() < Math.min(reports * reportEveryMs, minutes * 60_000)) await attack.run(200);
  attack.assertUnharmed();
  const memory = await attack.memoryAtRest();
  if (warm === 0) warm = memory;
  const [used, resident] = [memory, process.memoryUsage().rss].map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
  console.log(`${(elapsedMs() / 1000).toFixed(0)} s: ${attack.frames} frames, ${used} in use, ${resident} resident`);
  if (memory - warm > allowedGrowthBytes) {
    console.log('memory does not come back');
    process.exitCode = 1;
    break;
  }
}
