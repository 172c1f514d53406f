/**
 * Does every token live exactly as long as it was promised? Tokens are issued, kicked, revoked and renewed at random on a
 * real Redis and probed until after their ends: on Tessera, and under the same load on emulations of OpenIM's layouts.
 *
 *   node bench/token-lifetime.ts [--tokens 100000] [--rate 900] [--seed 1] [--interval 200] [--only 1] [--svg file]
 *
 * --rate is tokens per second: what two idle cores carry. --interval is that of the probes around a token's end, ms.
 * --only runs one of the three scenarios. Lifetimes of seconds stand for OpenIM's days.
 *
 * Exits with 1 unless Tessera had no early death and no late acceptance, and the probes say so to within their interval.
 * All of it takes a quarter of an hour.
 */
import { writeFileSync } from 'node:fs';
import { startRedis } from '../test/support/services/redis.ts';
import { readCommandLine } from './support/command-line.ts';
import { keysLeft } from './support/keys-left.ts';
import { type ChartPart, chartOf } from './support/lifetime-chart.ts';
import { judge, type Verdict } from './support/lifetime-verdict.ts';
import { startOpenIM371 } from './support/openim-3-7-1.ts';
import { startOpenIM38 } from './support/openim-3-8.ts';
import { SeededRandom } from './support/seeded-random.ts';
import type { Spread } from './support/spread.ts';
import { printTable } from './support/table.ts';
import { TesseraTokens } from './support/tessera-tokens.ts';
import { loadPlatforms, loadPolicies, planSteps, policyOf, type Scenario } from './support/token-plan.ts';
import { denseAfterEndMs, windowMs } from './support/token-prober.ts';
import { TokenRun } from './support/token-run.ts';
import type { TokenSystem } from './support/token-system.ts';

const { values } = readCommandLine(import.meta.filename, {
  tokens: { type: 'string', default: '100000' },
  rate: { type: 'string', default: '900' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  interval: { type: 'string', default: '200' },
  only: { type: 'string', multiple: true },
  svg: { type: 'string' },
});
const [tokens, tokensPerSecond, seed, intervalMs] = [values.tokens, values.rate, values.seed, values.interval].map(
  Number,
) as [number, number, number, number];
const scenarios: readonly Scenario[] = [
  {
    title: 'Every token has a lifetime of its own, 2 to 60 s',
    story: 'OpenIM has one setting: there it is as if an operator changed it between logins.',
    tokens,
    tokensPerSecond,
    secondsBetweenLogins: 20,
    wishSeconds: [2, 60],
    settings: [[0, 60]],
  },
  {
    title: 'One lifetime for all, 20 s, never changed',
    story: 'OpenIM as it is meant to be used.',
    tokens: tokens / 4,
    tokensPerSecond: tokensPerSecond / 2,
    secondsBetweenLogins: 10,
    settings: [[0, 20]],
  },
  {
    title: 'One lifetime for all, 30 s, shortened to 5 s half-way',
    story: 'An operator decides that new tokens shall live shorter. Those that are out were promised 30 s.',
    tokens: tokens / 4,
    tokensPerSecond: tokensPerSecond / 2,
    secondsBetweenLogins: 10,
    settings: [
      [0, 30],
      [0.5, 5],
    ],
  },
];
const systems = [startOpenIM371, startOpenIM38, TesseraTokens.start] as const;

console.log(
  `${tokens} tokens, ${tokensPerSecond} per second, seed ${seed}, node ${process.version}; a token is probed every ` +
    `${intervalMs} ms from ${windowMs} ms before its end to ${denseAfterEndMs} ms after it, now and then before and until ` +
    `${windowMs} ms after`,
);
// A refusal is an error, hundreds of thousands of times, and nobody reads where it came from.
Error.stackTraceLimit = 0;
const chosen = scenarios.filter((_, index) => values.only?.includes(String(index + 1)) ?? true);
const parts: ChartPart[] = [];
for (const scenario of chosen) parts.push({ title: scenario.title, verdicts: await compare(scenario) });
if (values.svg !== undefined) writeFileSync(values.svg, chartOf(parts));
process.exit(parts.flatMap(({ verdicts }) => verdicts).every(({ faults }) => faults.length === 0) ? 0 : 1);

async function compare(scenario: Scenario): Promise<readonly Verdict[]> {
  const results: Verdict[] = [];
  for (const start of systems) results.push(await measure(scenario, start));
  report(scenario, results);
  return results;
}

async function measure(scenario: Scenario, start: (typeof systems)[number]): Promise<Verdict> {
  await using redis = await startRedis();
  const random = new SeededRandom(seed + 1);
  await using system: TokenSystem = await start({
    redisUrl: redis.url,
    policyOf,
    policies: loadPolicies,
    platformIDs: loadPlatforms,
    random,
  });
  const plan = planSteps(scenario, new SeededRandom(seed));
  const findings = await new TokenRun(system, intervalMs, random).execute(plan);
  return judge(system.name, system.isPredictable, findings, await keysLeft(redis.url), intervalMs);
}

function report({ title, story }: Scenario, verdicts: readonly Verdict[]): void {
  const header = [
    title,
    'tokens',
    'ended before',
    'early deaths',
    '%',
    'late',
    'kept',
    'worst error ms',
    'at most',
    'keys left',
    'for ever',
  ];
  const rows = verdicts.map((verdict) => [
    verdict.name,
    ...[verdict.findings.tokens.length, verdict.ended, verdict.early].map(String),
    ((100 * verdict.early) / verdict.entitled).toFixed(2),
    ...[verdict.late, verdict.kept, verdict.worstErrorMs, verdict.possibleErrorMs].map(String),
    ...[verdict.keysLeft.all, verdict.keysLeft.withoutTtl].map(String),
  ]);
  printTable(story, header, rows);
  printTable(
    'The measurement itself: p50 / p99 / longest, ms',
    ['', 'probes', 'left out', 'sent late by', 'answered after', 'event loop delay', 'ends known less exactly'],
    verdicts.map(({ name, findings, inexact }) => [
      name,
      String(findings.probes),
      String(findings.leftOut),
      ...[findings.delayMs, findings.answerMs, findings.eventLoopDelayMs].map(textOf),
      String(inexact),
    ]),
  );
  for (const { name, findings, faults } of verdicts) {
    if (findings.sharedTokens > 0)
      console.log(`${name}: ${findings.sharedTokens} logins got a token that another login has`);
    for (const failure of findings.failures.slice(0, 3)) console.log(`${name}: a call failed:`, failure);
    for (const fault of faults) console.log(`${name} MISSES its promise: ${fault}`);
  }
}

function textOf({ p50, p99, max }: Spread): string {
  return [p50, p99, max].map((ms) => ms.toFixed(0)).join(' / ');
}
