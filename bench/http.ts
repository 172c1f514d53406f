/**
 * Claim: the HTTP core (headers, token hook, JSON rules, envelope, metrics, request log) leaves an endpoint more than
 * 80 % of what a bare fastify route does. Both are served by this process in turns, under the same load from a child
 * process.
 *
 *   node bench/http.ts [seconds per round]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { loadConfig } from '../src/config/config.ts';
import { endpoint } from '../src/http/endpoint.ts';
import { HttpServer } from '../src/http/server.ts';
import type { Services } from '../src/http/services.ts';
import { Wire } from '../src/protocol/wire/wire-schema.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { createMetrics } from '../src/telemetry/metrics.ts';
import { OperationScope } from '../src/telemetry/operation.ts';
import { readCommandLine } from './support/command-line.ts';

const connections = 64;
const rounds = 5;
const body = JSON.stringify({ userID: 'u1', platformID: 1, conversationIDs: ['si_a_b', 'si_a_c'] });
const headers = {
  operationID: '1700000000000123456',
  token: 'eyJhbGciOiJIUzI1NiJ9.payload.signature',
  'Content-Type': 'application/json',
  'Content-Length': Buffer.byteLength(body),
};

interface Round {
  readonly perSecond: number;
  /** Of this process, which is the server: the load is another one. */
  readonly cpuMicrosPerRequest: number;
}

if (process.send === undefined) {
  const { positionals } = readCommandLine(import.meta.filename, {}, 1);
  await main(Number(positionals[0] ?? 3));
} else loadOnDemand();

async function main(seconds: number): Promise<void> {
  const bare = await startBare();
  const ours = await startOurs();
  const load = fork(import.meta.filename);
  const results = { bare: [] as Round[], endpoint: [] as Round[] };
  await measure(load, bare, 1);
  await measure(load, ours.port, 1);
  for (let round = 0; round < rounds; round++) {
    results.bare.push(await measure(load, bare, seconds));
    results.endpoint.push(await measure(load, ours.port, seconds));
  }
  load.disconnect();
  report(results.bare, results.endpoint);
  process.exit(0);
}

async function startBare(): Promise<number> {
  const server = fastify();
  server.post('/bench/echo', async (incoming) => ({
    errCode: 0,
    errMsg: '',
    errDlt: '',
    data: { userID: (incoming.body as { userID: string }).userID, maxSeq: 17 },
  }));
  await server.listen({ host: '127.0.0.1', port: 0 });
  return (server.server.address() as AddressInfo).port;
}

async function startOurs(): Promise<{ port: number }> {
  const echo = endpoint({
    path: '/bench/echo',
    summary: 'Answers at once',
    access: 'anyone',
    example: {},
    request: Wire.object({
      userID: Wire.string(),
      platformID: Wire.int32(),
      conversationIDs: Wire.list(Wire.string()),
    }),
    response: Wire.object({ userID: Wire.string(), maxSeq: Wire.int64() }),
    handle: async (_call, { userID }) => ({ userID, maxSeq: 17 }),
  });
  const session = { userID: 'u1', platformID: 1, isAdmin: false };
  const scope = new OperationScope();
  const metrics = createMetrics();
  const server = new HttpServer({
    endpoints: [echo],
    services: { authority: { verify: async () => session } } as unknown as Services,
    telemetry: { logger: createLogger({ level: 'info', format: 'json', secrets: () => [], scope }), metrics, scope },
    registry: metrics.registry,
    readiness: async () => [],
    version: 'bench',
    limits: loadConfig({ environment: {} }),
  });
  return { port: await server.listen('127.0.0.1', 0) };
}

async function measure(load: ChildProcess, port: number, seconds: number): Promise<Round> {
  const cpu = process.cpuUsage();
  load.send({ port, seconds });
  const [{ requests, elapsedMs }] = await once(load, 'message');
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: requests / (elapsedMs / 1000), cpuMicrosPerRequest: (user + system) / requests };
}

function report(bare: readonly Round[], ours: readonly Round[]): void {
  const row = (name: string, rounds: readonly Round[]) => ({
    name,
    'requests/s': Math.round(median(rounds.map(({ perSecond }) => perSecond))),
    'server CPU µs/request': Number(median(rounds.map((round) => round.cpuMicrosPerRequest)).toFixed(1)),
  });
  const rows = [row('bare fastify route', bare), row('endpoint', ours)] as const;
  console.table(rows);
  const percent = (ratio: number) => `${(ratio * 100).toFixed(0)} %`;
  console.log(`endpoint / bare by requests/s: ${percent(rows[1]['requests/s'] / rows[0]['requests/s'])}`);
  console.log(
    `endpoint / bare by server CPU: ${percent(rows[0]['server CPU µs/request'] / rows[1]['server CPU µs/request'])}`,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** The child: `connections` keep-alive connections, each sending its next request when it has its answer. */
function loadOnDemand(): void {
  process.on('message', async ({ port, seconds }: { port: number; seconds: number }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    const startedAt = performance.now();
    const until = startedAt + seconds * 1000;
    const counts = await Promise.all(Array.from({ length: connections }, () => client(agent, port, until)));
    process.send?.({
      requests: counts.reduce((sum, count) => sum + count, 0),
      elapsedMs: performance.now() - startedAt,
    });
    agent.destroy();
  });
}

async function client(agent: Agent, port: number, until: number): Promise<number> {
  let count = 0;
  while (performance.now() < until) {
    const status = await post(agent, port);
    if (status !== 200) throw new Error(`status ${status}`);
    count++;
  }
  return count;
}

function post(agent: Agent, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host: '127.0.0.1', port, path: '/bench/echo', method: 'POST', headers });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode)));
    outgoing.end(body);
  });
}
