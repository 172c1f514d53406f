import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, Registry } from 'prom-client';
import { TallyHistogram } from './tally-histogram.ts';

test('it exposes what one of prom-client exposes', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const options = { name: 'seconds', help: 'h', labelNames: ['route', 'code'] as const, buckets: [0.5, 1, 2] };
  const tallied = new TallyHistogram({ ...options, registers: [ours] });
  const observed = new Histogram({ ...options, registers: [theirs] });
  assert.equal(await ours.metrics(), await theirs.metrics());
  for (const [route, code, seconds] of [
    ['/a', 0, 0.25],
    ['/b', 0, 0.5],
    ['/a', 0, 0.75],
    ['/a', 1001, 2],
    ['/a', 0, 8],
  ] as const) {
    tallied.tally(route, code, seconds);
    observed.observe({ route, code }, seconds);
    assert.deepEqual(linesOf(await ours.metrics()), linesOf(await theirs.metrics()));
    assert.deepEqual((await tallied.get()).type, (await observed.get()).type);
  }
});

/** In which order the routes come does not matter. */
function linesOf(text: string): string[] {
  return text.split('\n').sort();
}
