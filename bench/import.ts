/**
 * What it takes to move in: fills a private Redis with OpenIM's tokens, imports them with the real program, and prints
 * tokens per second and the most memory that the program had. Run: node bench/import.ts [tokens]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connectRedis } from '../src/redis/client/client.ts';
import { fillWithTokens, openimSecret } from '../test/support/openim-redis.ts';
import { startRedis } from '../test/support/services/redis.ts';
import { cpuSecondsOf, residentBytesOf } from './support/child.ts';
import { readCommandLine } from './support/command-line.ts';
import { printTable } from './support/table.ts';

const { positionals } = readCommandLine(import.meta.filename, {}, 1);
const count = Number(positionals[0] ?? 1_000_000);
const sampleEveryMs = 100;

await using dataDir = await mkdtempDisposable(join(tmpdir(), 'tessera-bench-'));
await using server = await startRedis();
await using redis = await connectRedis(server.url, { onConnectionFailure: console.error, commandTimeoutMs: 60_000 });

console.log(`writing ${count.toLocaleString('en')} tokens as OpenIM has them`);
await fillWithTokens(redis, count, Math.floor(Date.now() / 1000) * 1000);
const before = await memory();

const rows = [];
for (const [name, ...args] of [['dry run', '--dry-run'], ['import'], ['again: all known']] as const) {
  const { counts, seconds, peakBytes, serverCpu } = await runImport(...args);
  const tokens = counts.converted + counts.known;
  if (tokens !== count) throw new Error(`${name} counted ${tokens} tokens`);
  rows.push([
    name,
    seconds.toFixed(1),
    Math.round(tokens / seconds).toLocaleString('en'),
    megabytes(peakBytes),
    serverCpu.toFixed(1),
  ]);
}
printTable(
  `tessera tokens import, ${count.toLocaleString('en')} tokens, node ${process.version}`,
  ['', 'seconds', 'tokens/s', 'peak RSS, MB', 'CPU s of Redis'],
  rows,
);
const grown = (await memory()) - before;
console.log(`\nRedis has grown by ${Math.round(grown / count)} bytes per token, from ${megabytes(before)} MB`);

interface Outcome {
  readonly counts: { readonly converted: number; readonly known: number };
  readonly seconds: number;
  readonly peakBytes: number;
  readonly serverCpu: number;
}

async function runImport(...args: readonly string[]): Promise<Outcome> {
  const cpuBefore = cpuSecondsOf(server.pid);
  const main = new URL('../src/main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main, 'tokens', 'import', '--json', ...args], {
    cwd: dataDir.path,
    env: { PATH: process.env.PATH ?? '', TESSERA_REDIS_URL: server.url, TESSERA_SECRET: openimSecret },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let peakBytes = 0;
  const sampling = setInterval(() => {
    // A process that is ending has no memory to speak of.
    if (child.pid !== undefined) peakBytes = Math.max(peakBytes, residentBytesOf(child.pid) || 0);
  }, sampleEveryMs);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  clearInterval(sampling);
  if (code !== 0) throw new Error(`the import ended with ${code}`);
  return { ...JSON.parse(output), peakBytes, serverCpu: cpuSecondsOf(server.pid) - cpuBefore };
}

async function memory(): Promise<number> {
  const info = String(await redis.command(undefined, ['INFO', 'memory']));
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
}

function megabytes(bytes: number): string {
  return Math.round(bytes / 1024 ** 2).toLocaleString('en');
}
