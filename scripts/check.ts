/** `npm run check`: every check that needs no tests, side by side, and all of their failures at once. */
import { availableParallelism } from 'node:os';
import { projectRoot, runTool } from './tools.ts';

/** The slowest first, so that none is left to wait for at the end. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  'dead code': ['knip'],
  types: ['tsc', '--noEmit', '--checkers', '1'], // each checker pays anew for typebox: 4 take 14 s, 1 takes 8 s
  'format and lint': ['biome', 'check', '.'],
  'generated files': ['node', 'scripts/check-generated.ts'],
  layers: ['node', 'scripts/check-layers.ts'],
};

const waiting = Object.entries(CHECKS);
const failed: string[] = [];
await Promise.all(Array.from({ length: availableParallelism() }, work));
if (failed.length > 0) {
  console.log(`failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}

/** Takes checks from the list until it is empty. */
async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await run(...next);
}

async function run(name: string, [tool = '', ...args]: readonly string[]): Promise<void> {
  const startedAt = Date.now();
  const { code, stdout, stderr } = await runTool(tool, args, projectRoot);
  const took = `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
  if (code === 0) return console.log(`ok      ${name} (${took})`);
  failed.push(name);
  console.log(`FAILED  ${name} (${took}): ${[tool, ...args].join(' ')}\n${stdout}${stderr}`.trimEnd());
}
