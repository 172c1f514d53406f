/**
 * What the gateway carries: acknowledged single-chat messages per second and their time from send to receipt, beside a
 * bare `ws` server with the same frames in the same run; memory, heartbeats and accepting of idle connections of each
 * codec; half-open handshakes.
 *
 *   node bench/gateway.ts [--quick] [--only throughput|idle|half-open] [--idle N]
 *                         [--servers echo,relay,gateway,tessera] [--codec json|gob]
 *
 * Server and clients are a process each. Every connection is a file descriptor in both: with 10 000 of them the hard limit
 * (`ulimit -Hn`) has to be above that; Node raises the soft one by itself. Aims: half the echo server's rate, p99 under
 * 50 ms at half load, under 20 KB per idle connection.
 */
import type { ChildProcess } from 'node:child_process';
import { BackEnd } from '../test/support/back-end.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { type CodecName, userIDOf } from './support/chat-frames.ts';
import { cpuSecondsOf, nextMessage, residentBytesOf, startChild } from './support/child.ts';
import { readCommandLine } from './support/command-line.ts';
import type { ChatResult } from './support/load.ts';
import { handshakeQuery, LoadGenerator, tesseraUrls } from './support/load-generator.ts';
import { printTable } from './support/table.ts';

const { values } = readCommandLine(import.meta.filename, {
  quick: { type: 'boolean', default: false },
  only: { type: 'string' },
  idle: { type: 'string' },
  /** Which are measured under load. The bare ones know JSON only. */
  servers: { type: 'string', default: 'echo,relay,gateway,tessera' },
  codec: { type: 'string', default: 'json' },
});
const sizes = values.quick
  ? { clients: 50, warmUpMs: 1000, measureMs: 2000, idle: 1000, settleMs: 1000, halfOpen: 1000 }
  : { clients: 200, warmUpMs: 3000, measureMs: 10_000, idle: 10_000, settleMs: 8000, halfOpen: 10_000 };
const idle = Number(values.idle ?? sizes.idle);
/** As long as every connection is pinged once, and half of it again. */
const heartbeatMs = values.quick ? 5000 : 38_000;

const codecUnderLoad: CodecName = values.codec === 'gob' ? 'gob + gzip' : 'JSON';

interface ServerUnderLoad {
  readonly name: string;
  readonly isEcho: boolean;
  /** It knows no codec: frames are read by position. */
  readonly isBare: boolean;
  readonly pid: number;
  urlsFor(clients: number, codec?: CodecName): Promise<readonly string[]>;
  /** Group commits since the start, if it stores anything. */
  readonly commits?: () => Promise<Commits>;
  stop(): Promise<unknown>;
}

interface Commits {
  readonly count: number;
  readonly messages: number;
  readonly seconds: number;
}

async function compareThroughput(): Promise<void> {
  const rows: string[][] = [];
  let explanation = '';
  const starts = {
    echo: () => startEcho('echo'),
    relay: () => startEcho('relay'),
    gateway: startGatewayAlone,
    tessera: startTessera,
  };
  for (const [name, start] of Object.entries(starts)) {
    if (!values.servers.split(',').includes(name)) continue;
    const server = await start();
    const codec = server.isBare ? 'JSON' : codecUnderLoad;
    const load = await LoadGenerator.connected(await server.urlsFor(sizes.clients, codec));
    const full = await measureChat(server, load, { codec });
    const commits = await server.commits?.();
    const half = await measureChat(server, load, { codec, ratePerSecond: full.acknowledgedPerSecond / 2 });
    const label = `${server.name}, ${codec}`;
    rows.push(chatRow(`${label}, full load`, full), chatRow(`${label}, half load`, half));
    if (commits !== undefined) explanation = describeCommits(commits);
    load.stop();
    await server.stop();
  }
  printTable(
    `Single chat, ${sizes.clients} clients in pairs, frames of about 500 bytes`,
    ['', 'acked/s', 'errors', 'p50 ms', 'p99 ms', 'max ms', 'server CPU %', 'clients CPU %', 'server µs/message'],
    rows,
  );
  console.log(
    'echo: each frame sent back. relay: three frames out for each one in, as a chat needs, and nothing stored.\n' +
      'Full load: each client sends when its last message is acknowledged. Half load: by the clock, at half that rate,\n' +
      'timed from when a message was due. 100 % CPU is one core: the process that reaches it is the limit.\n' +
      explanation,
  );
}

function describeCommits({ count, messages, seconds }: Commits): string {
  const share = (seconds * 1000) / (sizes.warmUpMs + sizes.measureMs);
  return (
    `Tessera, full load: ${count} commits of ${fixed(messages / count, 0)} messages, ${fixed((seconds / count) * 1000)} ms each, ` +
    `${fixed(share * 100, 0)} % of its one thread; its CPU is the rest.`
  );
}

async function compareIdle(): Promise<void> {
  const rows: string[][] = [];
  const servers: readonly (readonly [() => Promise<ServerUnderLoad>, CodecName])[] = [
    [() => startEcho('echo'), 'JSON'],
    [startGatewayAlone, 'JSON'],
    [startGatewayAlone, 'gob + gzip'],
    [startTessera, 'JSON'],
    [startTessera, 'gob + gzip'],
  ];
  for (const [start, codec] of servers) {
    const server = await start();
    const urls = await server.urlsFor(idle, codec);
    const warmUp = await LoadGenerator.connected(urls.slice(0, urls.length / 10));
    warmUp.stop();
    await passed(sizes.settleMs / 2);
    const [before, cpuBefore] = [residentBytesOf(server.pid), cpuSecondsOf(server.pid)];
    const load = await LoadGenerator.connected(urls);
    const cpuAccepting = cpuSecondsOf(server.pid) - cpuBefore;
    await passed(sizes.settleMs);
    const each = (residentBytesOf(server.pid) - before) / idle;
    const cpuSettled = cpuSecondsOf(server.pid);
    await passed(heartbeatMs);
    const heartbeats = (cpuSecondsOf(server.pid) - cpuSettled) / (heartbeatMs / 1000);
    rows.push([
      `${server.name}, ${codec}`,
      fixed(before / 1e6),
      fixed(each / 1000),
      fixed(load.connectMs / 1000, 2),
      fixed((cpuAccepting * 1e6) / idle, 0),
      fixed(heartbeats * 100, 2),
    ]);
    load.stop();
    await server.stop();
  }
  printTable(
    `${idle} idle connections`,
    ['', 'RSS before MB', 'KB per connection', 'accepting s', 'server µs each', 'heartbeats CPU %'],
    rows,
  );
  console.log(
    'The echo server sends no heartbeats; Tessera pings every connection within 25 s and looks at all each second.',
  );
}

async function endureHalfOpen(): Promise<void> {
  const server = await startTessera();
  const load = await LoadGenerator.connected(await server.urlsFor(10));
  const before = residentBytesOf(server.pid);
  const halves = LoadGenerator.start();
  await halves.order({ kind: 'half-open', port: Number(new URL(server.wsUrl).port), count: sizes.halfOpen });
  const peak = residentBytesOf(server.pid);
  const served = await measureChat(server, load, { ratePerSecond: 100 });
  const dropMs = await halves.order<number>({ kind: 'await-drops' });
  printTable(
    `${sizes.halfOpen} half-open handshakes, 10 clients beside them`,
    ['', 'acked/s of 100', 'p99 ms', 'RSS before MB', 'RSS with them MB', 'last dropped after s'],
    [
      [
        server.name,
        fixed(served.acknowledgedPerSecond, 0),
        fixed(served.p99Ms),
        fixed(before / 1e6),
        fixed(peak / 1e6),
        fixed((dropMs + sizes.warmUpMs + sizes.measureMs) / 1000),
      ],
    ],
  );
  halves.stop();
  load.stop();
  await server.stop();
}

function measureChat(
  { pid, isEcho }: Pick<ServerUnderLoad, 'pid' | 'isEcho'>,
  load: LoadGenerator,
  { codec = 'JSON', ...rate }: { readonly codec?: CodecName; readonly ratePerSecond?: number },
): Promise<ChatResult> {
  const { warmUpMs, measureMs } = sizes;
  return load.order({ kind: 'chat', serverPid: pid, warmUpMs, warmUpCount: 0, measureMs, isEcho, codec, ...rate });
}

function chatRow(name: string, result: ChatResult): string[] {
  const { acknowledgedPerSecond, errors, p50Ms, p99Ms, maxMs, ms, serverCpuSeconds, clientsCpuSeconds } = result;
  const serverCpu = (serverCpuSeconds * 1000) / ms;
  const clientsCpu = (clientsCpuSeconds * 1000) / ms;
  return [
    name,
    fixed(acknowledgedPerSecond, 0),
    String(errors),
    fixed(p50Ms),
    fixed(p99Ms),
    fixed(maxMs),
    fixed(serverCpu * 100, 0),
    fixed(clientsCpu * 100, 0),
    fixed((serverCpu * 1e6) / acknowledgedPerSecond, 0),
  ];
}

function startEcho(mode: 'echo' | 'relay'): Promise<ServerUnderLoad> {
  const pathOf = (client: number) => `/?client=${client}`;
  return startBare(
    `bare ws ${mode}`,
    startChild(new URL('./support/echo-server.ts', import.meta.url), mode),
    { isEcho: mode === 'echo', isBare: true },
    pathOf,
  );
}

function startGatewayAlone(): Promise<ServerUnderLoad> {
  const pathOf = (client: number, codec: CodecName) => `/?${handshakeQuery(userIDOf(client), userIDOf(client), codec)}`;
  return startBare(
    'gateway, nothing stored',
    startChild(new URL('./support/gateway-server.ts', import.meta.url)),
    { isEcho: false, isBare: false },
    pathOf,
  );
}

async function startBare(
  name: string,
  child: ChildProcess,
  kind: Pick<ServerUnderLoad, 'isEcho' | 'isBare'>,
  pathOf: (client: number, codec: CodecName) => string,
): Promise<ServerUnderLoad> {
  const { port } = await nextMessage<{ port: number }>(child);
  return {
    name,
    ...kind,
    pid: child.pid ?? 0,
    urlsFor: async (clients, codec = 'JSON') =>
      Array.from({ length: clients }, (_, i) => `ws://127.0.0.1:${port}${pathOf(i, codec)}`),
    stop: async () => child.kill(),
  };
}

async function startTessera(): Promise<ServerUnderLoad & { readonly wsUrl: string }> {
  const tessera = await TesseraProcess.start();
  const backEnd = new BackEnd(() => tessera.apiUrl);
  return {
    name: 'Tessera on SQLite',
    isEcho: false,
    isBare: false,
    pid: tessera.pid,
    wsUrl: tessera.wsUrl,
    urlsFor: (clients, codec = 'JSON') => tesseraUrls(tessera, backEnd, clients, codec),
    commits: () => commitsOf(tessera),
    stop: () => tessera.dispose(),
  };
}

async function commitsOf(tessera: TesseraProcess): Promise<Commits> {
  const text = await (await fetch(`${tessera.apiUrl}/metrics`)).text();
  const value = (series: string) => Number(new RegExp(`^${series} (.*)$`, 'm').exec(text)?.[1]);
  return {
    count: value('tessera_append_seconds_count'),
    messages: value('tessera_append_batch_size_sum'),
    seconds: value('tessera_append_seconds_sum'),
  };
}

function fixed(value: number, places = 1): string {
  return value.toFixed(places);
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const parts = { throughput: compareThroughput, idle: compareIdle, 'half-open': endureHalfOpen };
for (const [name, measure] of Object.entries(parts)) {
  if (values.only === undefined || values.only === name) await measure();
}
