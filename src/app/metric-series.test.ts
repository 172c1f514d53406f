import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Gauge } from 'prom-client';
import { createMetrics } from '../telemetry/metrics.ts';
import { startSeries } from './metric-series.ts';

test('every labelled counter and gauge has series before its first event, at 0', async () => {
  const metrics = createMetrics();
  startSeries(metrics);
  const labelled = metrics.registry.getMetricsAsArray().filter((metric) => {
    const { name, labelNames } = metric as unknown as { name: string; labelNames: readonly string[] };
    // How many stores there are, the watch over them knows.
    return name.startsWith('tessera_') && labelNames.length > 0 && name !== 'tessera_store_up';
  });
  assert.ok(labelled.length > 5);
  for (const metric of labelled) {
    if (!(metric instanceof Counter || metric instanceof Gauge)) continue;
    const { name, values } = await metric.get();
    assert.ok(values.length > 0, name);
    assert.deepEqual(new Set(values.map(({ value }) => value)), new Set([0]), name);
  }
});

test('platforms go by their names', async () => {
  const metrics = createMetrics();
  startSeries(metrics);
  const { values } = await metrics.tokensIssued.get();
  assert.ok(values.some(({ labels }) => labels.platform === 'IOS'));
  assert.ok(values.every(({ labels }) => Number.isNaN(Number(labels.platform))));
});
