/** The alert rules and the dashboard fit the metrics that the server has: every expression parses and names real series. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parser } from '@prometheus-io/lezer-promql';
import { parse as parseYaml } from 'yaml';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { requireProgram } from '../support/services/program.ts';
import { promtoolProgram } from '../support/services/promtool.ts';
import { skipReason } from '../support/test-services.ts';
import { type AlertCase, alertCases } from './alert-cases.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

interface Group {
  readonly name: string;
  readonly rules: readonly Rule[];
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

const read = (path: string) => readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');

describe('alert rules', async () => {
  const { groups } = parseYaml(read('prometheus/alerts.yml')) as { groups: Group[] };
  const rules = groups.flatMap((group) => group.rules);
  const series = await exposedSeries();

  for (const { alert, expr, labels, annotations } of rules) {
    test(`${alert} parses and watches what is exposed`, () => {
      assertQuery(expr, series);
      assert.match(labels.severity, /^(critical|warning)$/);
      assert.ok(annotations.summary.length > 0 && annotations.description.length > 0);
    });
  }

  test('Prometheus takes them', { skip: skipReason('promtool') }, async () => {
    const path = new URL('../../deploy/prometheus/alerts.yml', import.meta.url).pathname;
    const { stdout } = await promtool('check', 'rules', path);
    assert.match(stdout, new RegExp(`SUCCESS: ${rules.length} rules found`));
  });

  let trial: ReturnType<typeof tryRules> | undefined;
  for (const { alert } of rules) {
    test(`${alert} fires when it should, and only then`, { skip: skipReason('promtool') }, async () => {
      const cases = casesOf(alert);
      assert.ok(cases.some(({ fires }) => fires.length > 0) && cases.some(({ fires }) => fires.length === 0));
      trial ??= tryRules(groups);
      const { passed, failures } = await trial;
      assert.ok(passed.has(alert), failures);
    });
  }

  test('each has a name of its own and a word in the guide', () => {
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    const guide = readFileSync(new URL('../../docs/monitoring.md', import.meta.url), 'utf8');
    for (const { alert } of rules) assert.ok(guide.includes(`\`${alert}\``), `docs/monitoring.md explains ${alert}`);
  });

  test('a lost token is the most urgent there is, and waits for nothing', () => {
    const lost = rules.find(({ expr }) => expr.includes('tessera_tokens_lost_total'));
    assert.equal(lost?.labels.severity, 'critical');
    assert.equal(lost?.for, undefined);
  });
});

test("rest-core 7: what OpenIM's dashboard asks for is made of what is exposed, or the guide says where it is", async () => {
  const file = new URL('../../deploy/prometheus/openim-names.yml', import.meta.url).pathname;
  const { groups } = parseYaml(readFileSync(file, 'utf8')) as {
    groups: { rules: { record: string; expr: string }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  const series = await exposedSeries();
  for (const { expr } of rules) assertQuery(expr, series);
  const page = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
  const [, table = ''] = page('protocol/objects-push-webhooks.md').split('### 7.2 Application metrics');
  const names = [...(table.split('### 7.3')[0] ?? '').matchAll(/^\| (\w+(?: \/ _\w+)?) \|/gm)].slice(1);
  const guide = page('monitoring.md');
  const made = new Set(rules.map(({ record }) => record));
  const isTold = (name: string) => guide.includes(`\`${name}\`${made.has(name) ? ' *' : ''}`);
  assert.ok(names.length > 10);
  for (const [, name = ''] of names) {
    const [first = '', ending] = name.split(' / ');
    assert.ok(isTold(first), first);
    if (ending !== undefined) assert.ok(isTold(first.replace('_success_total', ending)), `${first} ${ending}`);
  }
  if (skipReason('promtool') === false) await promtool('check', 'rules', file);
});

describe('dashboard', async () => {
  const dashboard = JSON.parse(read('grafana/tessera.json')) as {
    uid: string;
    schemaVersion: number;
    panels: readonly Panel[];
    templating: { list: readonly { name: string }[] };
  };
  const series = await exposedSeries();

  test('has what Grafana needs to load it', () => {
    assert.ok(dashboard.uid !== '' && dashboard.schemaVersion >= 39);
    assert.deepEqual(
      dashboard.templating.list.map(({ name }) => name),
      ['datasource', 'job', 'instance'],
    );
    const ids = dashboard.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('no panel lies over another or beside the grid', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          assert.equal(taken.has(`${x},${y}`), false, title);
          taken.add(`${x},${y}`);
        }
      }
    }
  });

  for (const panel of dashboard.panels.filter(({ type }) => type !== 'row')) {
    test(`${panel.title}: queries parse and ask for what is exposed`, () => {
      assert.ok(panel.targets !== undefined && panel.targets.length > 0);
      for (const { expr } of panel.targets) assertQuery(expr, series);
    });
  }
});

const casesOf = (alert: string) => alertCases.filter((each) => each.alert === alert);

/**
 * All cases through one promtool, which takes longer to start than to try most alerts.
 * @returns the alerts whose cases came out as they should, and what promtool says of the others
 */
async function tryRules(groups: readonly Group[]): Promise<{ passed: ReadonlySet<string>; failures: string }> {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'tessera-alerts-'));
  const files: string[] = [];
  for (const { alert, labels } of groups.flatMap(({ rules }) => rules)) {
    files.push(await writeCases(directory.path, ownGroup(groups, alert), alert, labels.severity));
  }
  const outcome: { stdout: string; stderr: string } = await promtool('test', 'rules', ...files).catch((error) => error);
  const passed = outcome.stdout.matchAll(/^Unit Testing: +(?:.*\/)?(\w+)\.tests\.yml\n +SUCCESS$/gm);
  return { passed: new Set([...passed].map(([, alert = '']) => alert)), failures: outcome.stderr };
}

/** Only the alert's own rule, since promtool evaluates every rule at every step of every case. */
function ownGroup(groups: readonly Group[], alert: string): Group[] {
  const own = groups.map(({ name, rules }) => ({ name, rules: rules.filter((rule) => rule.alert === alert) }));
  return own.filter(({ rules }) => rules.length > 0);
}

/** Texts for people are left out, which would have to be repeated word by word. @returns the path, for promtool */
async function writeCases(directory: string, groups: readonly Group[], alert: string, severity: string) {
  const bare = groups.map(({ name, rules }) => ({
    name,
    rules: rules.map(({ annotations: _, ...rule }) => rule),
  }));
  const rulesFile = `${alert}.rules.yml`;
  await writeFile(join(directory, rulesFile), JSON.stringify({ groups: bare }));
  const cases = casesOf(alert);
  const tests = cases.map(({ when, series, at, fires }) => ({
    name: `${alert}: ${when}`,
    interval: '15s',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [
      { eval_time: at, alertname: alert, exp_alerts: fires.map((labels) => ({ exp_labels: { ...labels, severity } })) },
    ],
  }));
  const path = join(directory, `${alert}.tests.yml`);
  await writeFile(
    path,
    JSON.stringify({ rule_files: [rulesFile], evaluation_interval: evaluationInterval(cases), tests }),
  );
  return path;
}

/** A window of days looked at every 15 s for days takes promtool 20 s. */
function evaluationInterval(cases: readonly AlertCase[]): string {
  return cases.some(({ at }) => /^\d{2,}h$/.test(at)) ? '5m' : '15s';
}

/** @throws with what it says, unless it ends with 0 */
async function promtool(...args: readonly string[]) {
  return promisify(execFile)(requireProgram(promtoolProgram), args);
}

/** Series by their name, with the labels that they have. */
async function exposedSeries(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { registry } = createMetrics();
  const series = new Map<string, readonly string[]>([['up', ['job', 'instance']]]);
  for (const metric of registry.getMetricsAsArray()) {
    // The library's own type leaves out what every metric holds.
    const { name, labelNames = [] } = metric as unknown as { name: string; labelNames?: readonly string[] };
    const labels = [...labelNames, 'job', 'instance', 'le'];
    for (const suffix of ['', '_bucket', '_sum', '_count']) series.set(name + suffix, labels);
  }
  return series;
}

function assertQuery(expr: string, series: ReadonlyMap<string, readonly string[]>): void {
  const query = expr.replaceAll('$__rate_interval', '5m');
  const names: string[] = [];
  const labels: string[] = [];
  parser.parse(query).iterate({
    enter: (node) => {
      const text = query.slice(node.from, node.to);
      assert.equal(node.type.isError, false, `syntax error at ${node.from} of ${query}`);
      if (node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector') names.push(text);
      if (node.name === 'LabelName') labels.push(text);
    },
  });
  for (const name of names) assert.ok(series.has(name), `${name} is exposed`);
  const known = new Set(names.flatMap((name) => series.get(name) ?? []));
  for (const label of labels) assert.ok(known.has(label), `${label} is a label of ${names.join(', ')}`);
}
