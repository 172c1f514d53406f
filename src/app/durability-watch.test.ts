import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../telemetry/metrics.ts';
import { DurabilityWatch } from './durability-watch.ts';

test('M1: a node that may lose what was acknowledged says so once, and when that is over', async () => {
  const lines: string[] = [];
  const settings = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', synchronous_standby_names: '' };
  const note = (line: string) => lines.push(line);
  const logger = { warn: note, info: note } as never;
  const metrics = createMetrics();
  const watch = new DurabilityWatch({ settings: async () => settings, isNode: true, metrics, logger });
  const alone = new DurabilityWatch({
    settings: async () => settings,
    isNode: false,
    metrics: createMetrics(),
    logger,
  });
  await watch.look();
  await watch.look();
  await alone.look();
  assert.match(watch.warnings.join(), /loss of its primary .*synchronous_standby_names is empty/);
  assert.match(await metrics.registry.metrics(), /tessera_database_unsafe\{what="failover"\} 1/);
  settings.synchronous_standby_names = '*';
  await watch.look();
  assert.deepEqual([watch.warnings, alone.warnings, lines.length], [[], [], 2]);
  assert.match(await metrics.registry.metrics(), /tessera_database_unsafe\{what="failover"\} 0/);
});
