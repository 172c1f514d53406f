/**
 * How long a first start takes and what it costs: from spawning the process to /readyz, on an empty data directory, and
 * resident memory then and after some use.
 *
 *   node bench/start.ts [--quick]
 *
 * Aims: ready in under 2 s, under 150 MB resident, on two cores.
 */
import { BackEnd } from '../test/support/back-end.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { residentBytesOf } from './support/child.ts';
import { readCommandLine } from './support/command-line.ts';
import { printTable } from './support/table.ts';

const { values } = readCommandLine(import.meta.filename, { quick: { type: 'boolean', default: false } });
const runs = values.quick ? 2 : 7;

interface Start {
  readonly readyMs: number;
  readonly readyBytes: number;
  readonly usedBytes: number;
}

const starts: Start[] = [];
for (let run = 0; run < runs; run += 1) starts.push(await measureStart());

printTable(
  `First start on an empty data directory, ${runs} runs`,
  ['', 'median', 'worst', 'aim'],
  [
    ['ready after, ms', ...spread(starts, ({ readyMs }) => readyMs), '2000'],
    ['resident when ready, MB', ...spread(starts, ({ readyBytes }) => readyBytes / 1e6), '150'],
    [
      'resident after 300 requests and the API reference, MB',
      ...spread(starts, ({ usedBytes }) => usedBytes / 1e6),
      '150',
    ],
  ],
);

async function measureStart(): Promise<Start> {
  const startedAt = performance.now();
  const server = await TesseraProcess.start();
  const { status } = await fetch(`${server.apiUrl}/readyz`);
  const readyMs = performance.now() - startedAt;
  if (status !== 200) throw new Error(`/readyz answered ${status}`);
  const readyBytes = residentBytesOf(server.pid);
  await use(server);
  const usedBytes = residentBytesOf(server.pid);
  await server.dispose();
  return { readyMs, readyBytes, usedBytes };
}

async function use(server: TesseraProcess): Promise<void> {
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('alice', 'bob');
  for (let index = 0; index < 300; index += 1)
    await backEnd.call('/user/get_users_info', { userIDs: ['alice', 'bob'] });
  for (const path of ['/docs', '/openapi.json', '/metrics']) await (await fetch(server.apiUrl + path)).arrayBuffer();
}

function spread(all: readonly Start[], pick: (start: Start) => number): string[] {
  const sorted = all.map(pick).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return [median.toFixed(0), (sorted.at(-1) ?? 0).toFixed(0)];
}
