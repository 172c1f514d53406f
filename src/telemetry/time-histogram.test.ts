import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, Registry } from 'prom-client';
import { TimeHistogram } from './time-histogram.ts';

test("Prometheus sees what it would of prom-client's own histogram", async () => {
  const options = { name: 'seconds', help: 'How long it took.', buckets: [0.001, 0.01, 1] };
  const [ours, theirs] = [new Registry(), new Registry()];
  const quick = new TimeHistogram({ ...options, labelNames: ['route', 'code'], registers: [ours] });
  const plain = new Histogram({ ...options, labelNames: ['route', 'code'], registers: [theirs] });
  assert.equal(await ours.metrics(), await theirs.metrics());
  for (const [seconds, route, code] of [
    [0.001, '/a"b', 0],
    [0.0011, '/a"b', 1001],
    [0, '/a"b', 0],
    [5, '/c', 0],
    [0.25, '/c', 0],
  ] as const) {
    quick.observe(seconds, route, code);
    plain.observe({ route, code }, seconds);
  }
  assert.equal(await ours.metrics(), await theirs.metrics());
});

test('a histogram may have one label', async () => {
  const registry = new Registry();
  const histogram = new TimeHistogram({
    name: 's',
    help: 'h',
    labelNames: ['of'],
    buckets: [1],
    registers: [registry],
  });
  histogram.observe(0.5, 'find');
  assert.match(await registry.metrics(), /^s_bucket\{le="1",of="find"\} 1$/m);
});
