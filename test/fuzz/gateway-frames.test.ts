/**
 * Spoilt frames of every request, codec and layer against the whole server: nothing but the protocol's answers, no
 * unexpected error in the log, clients beside them that notice nothing, and memory that comes back. FUZZ_SEED repeats a
 * run, FUZZ_FRAMES makes it longer; gateway-soak.ts goes on for minutes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Attack } from './support/attack.ts';

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
const frames = Number(process.env.FUZZ_FRAMES ?? 800);
const allowedGrowthBytes = 6_000_000;

test('O1, O2: hostile frames of every codec harm nobody, and leave no memory behind', async (t) => {
  t.diagnostic(`FUZZ_SEED=${seed} FUZZ_FRAMES=${frames}`);
  await using attack = await Attack.start(seed);
  await attack.run(frames / 4);
  const warm = await attack.memoryAtRest();
  await attack.run(frames - frames / 4);
  attack.assertUnharmed();
  const growth = (await attack.memoryAtRest()) - warm;
  t.diagnostic(`${attack.frames} frames, ${(growth / 1e6).toFixed(1)} MB more`);
  assert.ok(growth < allowedGrowthBytes, `${growth} bytes more than before`);
});
