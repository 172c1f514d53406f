import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { createMetrics } from '../telemetry/metrics.ts';
import { HealthWatch } from './health-watch.ts';

function watch(missing: () => Promise<readonly string[]>) {
  const metrics = createMetrics();
  const log: string[] = [];
  const note = (_fields: unknown, text?: string) => log.push(text ?? String(_fields));
  const health = new HealthWatch({
    ...{ missing, stores: ['database', 'tokens'], dataDir: tmpdir(), metrics },
    logger: { warn: note, info: note } as never,
  });
  const value = async (name: 'ready' | 'storeUp' | 'diskFree' | 'diskSize', labels = {}) => {
    const { values } = await metrics[name].get();
    return values.find((each) => Object.entries(labels).every(([key, label]) => each.labels[key as never] === label))
      ?.value;
  };
  return { health, log, value };
}

test('the gauges say what /readyz says, and the log each change once', async () => {
  let missing: readonly string[] = [];
  const { health, log, value } = watch(async () => missing);
  assert.equal(await value('ready'), 0, 'before the first look');

  await health.look();
  assert.deepEqual([await value('ready'), await value('storeUp', { store: 'tokens' })], [1, 1]);

  missing = ['tokens'];
  await health.look();
  await health.look();
  assert.equal(await value('ready'), 0);
  assert.equal(await value('storeUp', { store: 'tokens' }), 0);
  assert.equal(await value('storeUp', { store: 'database' }), 1);

  missing = [];
  await health.look();
  assert.equal(await value('ready'), 1);
  assert.deepEqual(log, ['not ready', 'ready again']);
});

test('a store that gives no answer at all makes the node unready at the next look', async () => {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  const { health, value } = watch(() => promise);
  const first = health.look();
  await health.look();
  assert.equal(await value('ready'), 0);
  resolve([]);
  await first;
  assert.equal(await value('ready'), 1);
});

test('the disk of the data directory is measured', async () => {
  const { health, value } = watch(async () => []);
  await health.look();
  const [free = 0, size = 0] = [await value('diskFree'), await value('diskSize')];
  assert.ok(size > 0 && free <= size);
});
