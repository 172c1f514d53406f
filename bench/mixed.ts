/**
 * Mixed traffic for an hour: chats, groups, joins and leaves, reads, revocations and deletions, reconnects and clients that
 * do not read, over real sockets against a server process. Prints what the server takes as it goes; at the end a reader of
 * the database holds it to what must be true, and each client completes its own view, which must be dense.
 *
 *   node bench/mixed.ts [--quick] [--minutes N] [--clients N] [--rate N] [--store sqlite|postgres] [--seed N]
 *
 *   --quick     two minutes
 *   --minutes   60
 *   --clients   500, each with one connection
 *   --rate      deeds in a second, 30
 *   --store     sqlite, or a PostgreSQL of its own
 *   --seed      of the traffic, 1
 *
 * Deeds whose endpoint the server does not know are named and left out. Exits with 1 when something does not hold; whether
 * memory is flat is for whoever reads the slopes.
 */
import { setTimeout as passed } from 'node:timers/promises';
import { BackEnd } from '../test/support/back-end.ts';
import { startPostgres } from '../test/support/services/postgres.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { readCommandLine } from './support/command-line.ts';
import { type DatabaseReader, openDatabase } from './support/database-reader.ts';
import { checkInvariants, type Finding } from './support/invariants.ts';
import { MixedClient } from './support/mixed-client.ts';
import { MixedRecord } from './support/mixed-record.ts';
import { MixedTraffic } from './support/mixed-traffic.ts';
import { whole } from './support/numbers.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { figuresOf, type ServerFigures } from './support/server-figures.ts';
import { printTable } from './support/table.ts';

const { values } = readCommandLine(import.meta.filename, {
  quick: { type: 'boolean', default: false },
  minutes: { type: 'string' },
  clients: { type: 'string', default: '500' },
  rate: { type: 'string', default: '30' },
  store: { type: 'string', default: 'sqlite' },
  seed: { type: 'string', default: '1' },
});
const durationMs = Number(values.minutes ?? (values.quick ? 2 : 60)) * 60_000;
const reportEveryMs = Math.min(60_000, durationMs / 8);

interface Sample extends ServerFigures {
  readonly atMs: number;
}

async function main(): Promise<void> {
  await using postgres = values.store === 'postgres' ? await startPostgres() : undefined;
  const env: Record<string, string> = postgres === undefined ? {} : { TESSERA_DATABASE_URL: postgres.url };
  const server = await TesseraProcess.start({ env });
  await using _end = { [Symbol.asyncDispose]: () => server.dispose() };
  const backEnd = new BackEnd(() => server.apiUrl);
  const record = new MixedRecord();
  const lost = { count: 0 };
  const clients = await connectedClients(server, backEnd, record, lost);
  const random = new SeededRandom(Number(values.seed));
  const ratePerSecond = Number(values.rate);
  const slowReaderMs = Math.min(15_000, durationMs / 10);
  const traffic = new MixedTraffic({ clients, backEnd, record, random, ratePerSecond, slowReaderMs });
  await traffic.setUp();
  console.log(
    `${clients.length} clients, ${values.store}, ${values.rate} deeds/s, ${durationMs / 60_000} minutes, seed ${values.seed}`,
  );
  if (traffic.unknownPaths.length > 0)
    console.log(`left out, unknown to the server: ${traffic.unknownPaths.join(' ')}`);

  const samples: Sample[] = [];
  const reports = reportAsItGoes(server, record, samples);
  await traffic.run(durationMs);
  reports.stop();
  printDeeds(traffic, lost.count, clients);
  printSlopes(samples);

  await quiet(server);
  await using db = await openDatabase(server, postgres?.url);
  const findings = [
    ...(await checkInvariants(db, record)),
    await viewsAreDense(db, clients),
    await revokedAreHidden(clients, record),
    { rule: 'what clients were pushed and answered', looked: record.acknowledged.size, faults: record.faults },
  ];
  printFindings(findings);
  for (const client of clients) client.disconnect(false);
  const exitCode = await server.stop();
  const errorLines = server.logLines.filter((line) => line.includes('"level":"error"') || line.includes('"level":50'));
  console.log(`server: exit code ${exitCode}, ${errorLines.length} errors in its log`);
  for (const line of errorLines.slice(0, 10)) console.log(line);
  const isSound = findings.every(({ faults }) => faults.length === 0) && exitCode === 0 && errorLines.length === 0;
  if (!isSound) process.exitCode = 1;
}

async function connectedClients(
  server: TesseraProcess,
  backEnd: BackEnd,
  record: MixedRecord,
  lost: { count: number },
): Promise<MixedClient[]> {
  const userIDs = Array.from({ length: Number(values.clients) }, (_, index) => `u${index}`);
  for (let from = 0; from < userIDs.length; from += 500) await backEnd.register(...userIDs.slice(from, from + 500));
  const connected = async (userID: string) => {
    const token = await backEnd.userToken(userID);
    const onLost = () => {
      lost.count += 1;
      void comeBack(client, record);
    };
    const client = new MixedClient({ userID, token, wsPort: server.wsPort, record, onLost });
    await client.connect();
    return client;
  };
  const clients: MixedClient[] = [];
  for (let from = 0; from < userIDs.length; from += 20) {
    clients.push(...(await Promise.all(userIDs.slice(from, from + 20).map(connected))));
  }
  return clients;
}

async function comeBack(client: MixedClient, record: MixedRecord): Promise<void> {
  await passed(1000);
  if (client.isBusy || client.isConnected) return;
  await client.connect().catch((error) => record.fault(`${client.userID} could not come back: ${error}`));
}

function reportAsItGoes(server: TesseraProcess, record: MixedRecord, samples: Sample[]): { stop(): void } {
  const startedAt = performance.now();
  let before: ServerFigures | undefined;
  let beforeAtMs = 0;
  let acknowledgedBefore = 0;
  const report = async () => {
    const figures = await figuresOf(server.apiUrl);
    const atMs = performance.now() - startedAt;
    if (before === undefined) printHead();
    else {
      printSample(atMs, atMs - beforeAtMs, before, figures, record.acknowledged.size - acknowledgedBefore, record);
      samples.push({ ...figures, atMs });
    }
    acknowledgedBefore = record.acknowledged.size;
    before = figures;
    beforeAtMs = atMs;
  };
  const fail = (error: unknown) => record.fault(`the metrics: ${error}`);
  report().catch(fail);
  const timer = setInterval(() => report().catch(fail), reportEveryMs);
  return { stop: () => clearInterval(timer) };
}

const columns = ['minute', 'acked', 'stored', 'pushes', 'answers with errors', 'faults', 'sockets'];
const costColumns = ['RSS MB', 'heap MB', 'loop p99 ms', 'loop max ms', 'CPU %', 'clients CPU %'];
const widths = [...columns, ...costColumns].map(({ length }) => Math.max(7, length));
let clientsCpuBefore = process.cpuUsage();

function printHead(): void {
  printLine([...columns, ...costColumns]);
}

function printSample(
  atMs: number,
  tookMs: number,
  before: ServerFigures,
  now: ServerFigures,
  acknowledged: number,
  { faultCount }: MixedRecord,
): void {
  const { user, system } = process.cpuUsage(clientsCpuBefore);
  clientsCpuBefore = process.cpuUsage();
  printLine([
    (atMs / 60_000).toFixed(1),
    whole(acknowledged),
    whole(now.messages - before.messages),
    whole(now.pushes - before.pushes),
    whole(now.errors - before.errors),
    whole(faultCount),
    whole(now.connections),
    (now.residentBytes / 1e6).toFixed(1),
    (now.heapBytes / 1e6).toFixed(1),
    now.loopDelayP99Ms.toFixed(1),
    now.loopDelayMaxMs.toFixed(1),
    (((now.cpuSeconds - before.cpuSeconds) * 1e5) / tookMs).toFixed(1),
    ((user + system) / 10 / tookMs).toFixed(1),
  ]);
}

function printLine(cells: readonly string[]): void {
  console.log(cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('  '));
}

function printDeeds({ counts }: MixedTraffic, lost: number, clients: readonly MixedClient[]): void {
  printTable(
    'Deeds',
    ['', 'done', 'refused as expected', 'connection ended', 'errors'],
    [...counts].map(([name, { done, refused, lost, errors }]) => [
      name,
      whole(done),
      [...refused].map(([code, count]) => `${code}: ${count}`).join(', '),
      whole(lost),
      whole(errors),
    ]),
  );
  const pushed = clients.reduce((sum, { pushes }) => sum + pushes, 0);
  console.log(
    `${whole(pushed)} messages were pushed to clients; ${lost} connections ended otherwise than by their clients`,
  );
}

/** By least squares over the second half, when caches are full. */
function printSlopes(samples: readonly Sample[]): void {
  const late = samples.slice(Math.floor(samples.length / 2));
  const slope = (pick: (sample: Sample) => number) => {
    const mean = (of: (sample: Sample) => number) => late.reduce((sum, sample) => sum + of(sample), 0) / late.length;
    const [x, y] = [mean(({ atMs }) => atMs), mean(pick)];
    const above = late.reduce((sum, sample) => sum + (sample.atMs - x) * (pick(sample) - y), 0);
    return (above / late.reduce((sum, { atMs }) => sum + (atMs - x) ** 2, 0)) * 600_000;
  };
  const resident = slope(({ residentBytes }) => residentBytes / 1e6);
  const heap = slope(({ heapBytes }) => heapBytes / 1e6);
  console.log(
    `second half: resident memory ${signed(resident)} MB, heap ${signed(heap)} MB in ten minutes (${late.length} samples)`,
  );
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(2)}`;
}

/** What the last deeds cause has happened. */
async function quiet(server: TesseraProcess): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    await passed(1000);
    if ((await figuresOf(server.apiUrl)).outboxWaiting === 0) return;
  }
}

/** Each client has, or can pull, every seq of what the database says it may read. */
async function viewsAreDense(db: DatabaseReader, clients: readonly MixedClient[]): Promise<Finding> {
  const bounds = await db.rows('SELECT conversation_id AS id, max_seq, min_seq FROM conversation_seqs');
  const boundsOf = new Map(bounds.map(({ id, max_seq, min_seq }) => [id, { newest: max_seq, oldest: min_seq }]));
  const rows = await db.rows(
    'SELECT owner_user_id AS owner, conversation_id AS id, conversation_type AS type, min_seq, max_seq FROM conversations',
  );
  const rowsOf = Map.groupBy(rows, ({ owner }) => owner as string);
  const faults: string[] = [];
  let looked = 0;
  for (const client of clients) {
    if (!client.isConnected) await client.connect();
    const complete = async (id: string, least: number, most: number) => {
      const { newest, oldest } = boundsOf.get(id) ?? { newest: 0, oldest: 0 };
      looked += 1;
      const missing = await client.complete(
        id,
        Math.max(1, least, oldest),
        most === 0 ? newest : Math.min(newest, most),
      );
      faults.push(...missing.map((span) => `${client.userID} cannot have ${span}`));
    };
    await complete(`n_${client.userID}_${client.userID}`, 1, 0);
    for (const { id, type, min_seq, max_seq } of rowsOf.get(client.userID) ?? []) {
      await complete(id, min_seq, max_seq);
      // Who has left a group hears no more of it.
      if (type !== 3 || max_seq === 0) await complete(`n${id.slice(id.indexOf('_'))}`, 1, 0);
    }
  }
  return { rule: 'the view of each client is dense', looked, faults };
}

/** Somebody who can read it is shown that it was taken back, or that it is gone. */
async function revokedAreHidden(clients: readonly MixedClient[], { revoked }: MixedRecord): Promise<Finding> {
  const faults: string[] = [];
  let looked = 0;
  for (const place of [...revoked].slice(-200)) {
    const [conversationID = '', seq = ''] = place.split('/');
    // Of a group the first who has it; others are refused and see nothing.
    const reader = clients.find((client) => client.newestOf(conversationID) >= Number(seq));
    if (reader === undefined) continue;
    looked += 1;
    const type = await reader.shownType(conversationID, Number(seq));
    if (type !== 0 && type !== 2101) faults.push(`${place} was taken back and is shown as ${type}`);
  }
  return { rule: 'what was taken back is not shown', looked, faults };
}

function printFindings(findings: readonly Finding[]): void {
  printTable(
    'What must hold',
    ['', 'looked at', 'faults'],
    findings.map(({ rule, looked, faults }) => [rule, whole(looked), whole(faults.length)]),
  );
  for (const { rule, faults } of findings) for (const fault of faults.slice(0, 10)) console.log(`${rule}: ${fault}`);
}

await main();
