/** Tables in docs/ that repeat what the code says, and links between the pages. */
import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { configurationPage, limitsPage } from '../../src/config/describe.ts';
import { limits } from '../../src/config/limits.ts';
import { defaultLimits } from '../../src/gateway/limits.ts';
import { errorTable } from '../../src/protocol/errors.ts';
import { platformClass, platformIDs, platformName } from '../../src/protocol/numbers/platforms.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { readPage, relativeLinks, tableUnder } from './markdown.ts';

const root = join(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root });
const api = readPage('docs/api.md');
const operations = readPage('docs/operations.md');

test('docs/api.md lists the error table', () => {
  assert.deepEqual(
    tableUnder(api, '## Errors').map((row) => row.slice(0, 3)),
    Object.values(errorTable).map(({ code, errMsg, retryable }) => [String(code), errMsg, retryable ? 'yes' : 'no']),
  );
});

test('docs/api.md lists the platforms', () => {
  assert.deepEqual(
    tableUnder(api, '## Platforms'),
    platformIDs.map((id) => [String(id), `\`${platformName(id)}\``, `\`${platformClass(id)}\``]),
  );
});

test('docs/operations.md lists the metrics', async () => {
  const { registry } = createMetrics();
  const own = (await registry.getMetricsAsJSON()).filter(({ name }) => !/^(?:process|nodejs)_/.test(name));
  const rows = own.map(({ name, type, help }) => {
    const metric = registry.getSingleMetric(name) as unknown as { readonly labelNames: readonly string[] };
    return [`\`${name}\``, type, metric.labelNames.map((label) => `\`${label}\``).join(', '), help];
  });
  assert.deepEqual(tableUnder(operations, '## Metrics'), rows);
});

test('docs/operations.md lists the limits of the gateway that are no settings', () => {
  assert.deepEqual(
    tableUnder(operations, '## Limits').map((row) => row.slice(0, 2)),
    Object.entries(defaultLimits)
      .filter(([name]) => !(name in limits))
      .map(([name, value]) => [`\`${name}\``, String(value)]),
  );
});

test('those that are settings have the same defaults', () => {
  for (const [name, { default: value }] of Object.entries(limits)) {
    if (name in defaultLimits) assert.equal(defaultLimits[name as 'maxConnections'], value, name);
  }
});

test('every link between our pages leads to a file', () => {
  const broken = pages.flatMap((page) =>
    relativeLinks(readPage(page))
      .filter((target) => !existsSync(join(root, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test('every file, setting and metric that a page names exists', async () => {
  const settings = new Set([configurationPage(), limitsPage()].join().match(/TESSERA_\w+/g));
  const metrics = new Set((await createMetrics().registry.getMetricsAsJSON()).map(({ name }) => name));
  const isThere = (name: string) => {
    if (name.startsWith('TESSERA_')) return settings.has(name) || /^TESSERA_(?:TEST_\w+|NAME)$/.test(name);
    if (name.startsWith('tessera_')) return metrics.has(name);
    return existsSync(join(root, name)) || name.includes('NNN');
  };
  const named =
    /\bTESSERA_\w+|(?<=`)tessera_\w+(?=`)|(?<=[`([ ])(?:src|test|bench|scripts|deploy|bin)\/[\w./-]*\w(?=[`) ])/g;
  const missing = pages.flatMap((page) =>
    (readPage(page).match(named) ?? []).filter((name) => !isThere(name)).map((name) => `${page}: ${name}`),
  );
  assert.deepEqual(missing, []);
});
