/**
 * What messages cost: a single chat, and groups whose members are all online, beside a bare `ws` server that sends the
 * same frames to as many sockets in the same run; bytes on disk; and a pull of 100 messages from conversations of growing
 * length.
 *
 *   node bench/messages.ts [--quick] [--only deliveries|pulls] [--stores sqlite,postgres]
 *
 *   --quick    groups of 100 and 1,000, conversations of 1,000 and 100,000, short measurements
 *   --only     one of the two parts
 *   --stores   both by default; PostgreSQL is one of its own
 *
 * Server and clients are a process each. A group of 10,000 needs 10,000 file descriptors in both (`ulimit -Hn`). Aims: a
 * delivery in a group of 1,000 takes at most 1.3 times the CPU of the bare server's, a chat message at most 70 µs; a pull
 * costs the same however long the conversation is.
 */
import type { ChildProcess } from 'node:child_process';
import { BackEnd } from '../test/support/back-end.ts';
import { startPostgres } from '../test/support/services/postgres.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { userIDOf } from './support/chat-frames.ts';
import { nextMessage, startChild } from './support/child.ts';
import { readCommandLine } from './support/command-line.ts';
import { type DatabaseReader, openDatabase } from './support/database-reader.ts';
import type { FanOutResult } from './support/fan-out-load.ts';
import type { ChatResult } from './support/load.ts';
import { LoadGenerator, tesseraUrls } from './support/load-generator.ts';
import { whole } from './support/numbers.ts';
import { fillConversations, type LongConversation, measurePulls, pullHeader } from './support/pulls.ts';
import { printTable } from './support/table.ts';

const { values } = readCommandLine(import.meta.filename, {
  quick: { type: 'boolean', default: false },
  only: { type: 'string' },
  stores: { type: 'string', default: 'sqlite,postgres' },
});
const sizes = values.quick
  ? { groups: [100, 1000], lengths: [1000, 100_000], pulls: 200, chats: 100, warmUpMs: 200, measureMs: 800 }
  : {
      groups: [100, 1000, 10_000],
      lengths: [1000, 100_000, 1_000_000],
      pulls: 500,
      chats: 200,
      warmUpMs: 300,
      measureMs: 2000,
    };
/** What compiles all that is measured. */
const warmUpMessages = 3000;
const warmUpDeliveries = 20_000;
/** Who send at once, each its next message when all have the last. */
const senders = [1, 8];
/** Turns in which the two servers are measured: others may use the machine, too. */
const rounds = 3;
const stores = values.stores.split(',');
const bareTitle = 'bare ws';
const chatTitle = `single chats, ${sizes.chats} clients`;
const groupTitle = (members: number, count: number) => `group of ${whole(members)}, ${count} at a time`;
const order = [chatTitle, ...sizes.groups.flatMap((size) => senders.map((count) => groupTitle(size, count)))];
const titles: Readonly<Record<string, string>> = { sqlite: 'Tessera on SQLite', postgres: 'Tessera on PostgreSQL' };

async function compareDeliveries(): Promise<void> {
  const rows: string[][] = [];
  for (const store of stores) {
    await using place = await startStore(store);
    const { server, backEnd, db } = place;
    const most = Math.max(sizes.chats, ...sizes.groups);
    const urls = await tesseraUrls(server, backEnd, most);
    rows.push(...(await compareChats(store, server, db, urls)));
    for (const size of sizes.groups) await createGroup(backEnd, size);
    const load = await LoadGenerator.connected(urls);
    for (const size of sizes.groups) rows.push(...(await compareGroups(store, server, db, load, size)));
    load.stop();
  }
  printTable(
    `Text of 100 characters, the better of ${rounds} turns`,
    [
      '',
      'server',
      'sent/s',
      'delivered/s',
      'errors',
      'p50 ms',
      'p99 ms',
      'µs CPU/delivery',
      'of bare',
      'µs CPU/message',
      'bytes on disk',
    ],
    rows.toSorted(([a = ''], [b = '']) => order.indexOf(a) - order.indexOf(b)),
  );
  console.log(
    'CPU is that of the server, times are from sending to receipt. Single chat: a message is one acknowledgement and two\n' +
      'deliveries, to its receiver and back to its sender; the bare server sends the same three frames. Group: the bare\n' +
      'server sends the same push to as many sockets. The two take turns; of each the turn that took least CPU counts.',
  );
}

async function compareChats(
  store: string,
  server: TesseraProcess,
  db: DatabaseReader,
  urls: readonly string[],
): Promise<string[][]> {
  await using bare = await Bare.start('relay', sizes.chats);
  const load = await LoadGenerator.connected(urls.slice(0, sizes.chats));
  const turns: (readonly [ChatResult, ChatResult])[] = [];
  const before = await bytesAndMessages(db);
  for (let turn = 0; turn < rounds; turn += 1) {
    turns.push([await measureChat(server.pid, load), await measureChat(bare.pid, bare.load)]);
  }
  const bytes = bytesPerMessage(before, await bytesAndMessages(db));
  load.stop();
  const [ours, floor] = [0, 1].map((which) =>
    least(
      turns.map((turn) => turn[which]!),
      cpuPerMessageOf,
    ),
  );
  const floorCpu = cpuPerMessageOf(floor!);
  return [
    [chatTitle, bareTitle, ...chatRow(floor!, floorCpu, undefined)],
    [chatTitle, titles[store] ?? store, ...chatRow(ours!, floorCpu, bytes)],
  ];
}

async function compareGroups(
  store: string,
  server: TesseraProcess,
  db: DatabaseReader,
  load: LoadGenerator,
  members: number,
): Promise<string[][]> {
  await using bare = await Bare.start('broadcast', members);
  const rows: string[][] = [];
  for (const count of senders) {
    const turns: (readonly [MeasuredGroup, MeasuredGroup])[] = [];
    const before = await bytesAndMessages(db);
    for (let turn = 0; turn < rounds; turn += 1) {
      const ours = await measureGroup(server.pid, load, members, count);
      await bare.broadcast(ours.sample, members);
      turns.push([ours, await measureGroup(bare.pid, bare.load, members, count)]);
    }
    const bytes = bytesPerMessage(before, await bytesAndMessages(db));
    const [ours, floor] = [0, 1].map((which) =>
      least(
        turns.map((turn) => turn[which]!),
        ({ cpuPerDelivery }) => cpuPerDelivery,
      ),
    );
    const what = groupTitle(members, count);
    rows.push([what, bareTitle, ...groupRow(floor!, floor!.cpuPerDelivery, undefined)]);
    rows.push([what, titles[store] ?? store, ...groupRow(ours!, floor!.cpuPerDelivery, bytes)]);
  }
  return rows;
}

function least<Result>(results: readonly Result[], cost: (result: Result) => number): Result {
  return results.toSorted((a, b) => cost(a) - cost(b))[0]!;
}

/** The server that does nothing but send, with its clients. */
class Bare implements AsyncDisposable {
  readonly load: LoadGenerator;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, load: LoadGenerator) {
    this.#child = child;
    this.load = load;
  }

  static async start(mode: 'relay' | 'broadcast', clients: number): Promise<Bare> {
    const child = startChild(new URL('./support/echo-server.ts', import.meta.url), mode);
    const { port } = await nextMessage<{ port: number }>(child);
    const urls = Array.from({ length: clients }, (_, client) => `ws://127.0.0.1:${port}/?client=${client}`);
    return new Bare(child, await LoadGenerator.connected(urls));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @param push as Tessera sends it, in base64 */
  async broadcast(push: string, members: number): Promise<void> {
    this.#child.send({ push, members });
    await nextMessage(this.#child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.load.stop();
    this.#child.kill();
  }
}

function measureChat(serverPid: number, load: LoadGenerator): Promise<ChatResult> {
  const { warmUpMs, measureMs } = sizes;
  const plan = { serverPid, warmUpMs, warmUpCount: warmUpMessages, measureMs };
  return load.order({ kind: 'chat', ...plan, isEcho: false, codec: 'JSON' });
}

function cpuPerMessageOf({ serverCpuSeconds, acknowledgedPerSecond, ms }: ChatResult): number {
  return serverCpuSeconds / ((acknowledgedPerSecond * ms) / 1000);
}

function chatRow(chat: ChatResult, floor: number, bytes: number | undefined): string[] {
  const { acknowledgedPerSecond, errors, p50Ms, p99Ms } = chat;
  const cpuPerMessage = cpuPerMessageOf(chat);
  return [
    whole(acknowledgedPerSecond),
    whole(acknowledgedPerSecond * 2),
    whole(errors),
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    micros(cpuPerMessage / 2),
    (cpuPerMessage / floor).toFixed(2),
    micros(cpuPerMessage),
    bytes === undefined ? '' : whole(bytes),
  ];
}

type MeasuredGroup = FanOutResult & { readonly cpuPerDelivery: number; readonly cpuPerMessage: number };

async function measureGroup(
  serverPid: number,
  load: LoadGenerator,
  members: number,
  count: number,
): Promise<MeasuredGroup> {
  const { warmUpMs, measureMs } = sizes;
  const plan = { serverPid, warmUpMs, warmUpCount: warmUpDeliveries, measureMs };
  const group = { groupID: groupOf(members), members, senders: count };
  const result = await load.order<FanOutResult>({ kind: 'fan-out', ...group, ...plan });
  const perSecond = (result.serverCpuSeconds * 1000) / result.ms;
  return {
    ...result,
    // The sender's own, which is not waited for, is one too.
    cpuPerDelivery: (perSecond / result.deliveriesPerSecond) * ((members - 1) / members),
    cpuPerMessage: perSecond / result.sentPerSecond,
  };
}

function groupRow(group: MeasuredGroup, floor: number, bytes: number | undefined): string[] {
  const { sentPerSecond, deliveriesPerSecond, errors, receipt, cpuPerDelivery, cpuPerMessage } = group;
  return [
    sentPerSecond.toFixed(1),
    whole(deliveriesPerSecond),
    whole(errors),
    receipt.p50.toFixed(1),
    receipt.p99.toFixed(1),
    micros(cpuPerDelivery),
    (cpuPerDelivery / floor).toFixed(2),
    micros(cpuPerMessage),
    bytes === undefined ? '' : whole(bytes),
  ];
}

async function createGroup(backEnd: BackEnd, members: number): Promise<void> {
  const groupID = groupOf(members);
  const userIDs = Array.from({ length: members }, (_, index) => userIDOf(index));
  await backEnd.call('/group/create_group', {
    groupInfo: { groupID, groupName: groupID, groupType: 2 },
    ownerUserID: userIDs[0],
    memberUserIDs: userIDs.slice(1, 1000),
  });
  for (let from = 1000; from < members; from += 1000) {
    const invitedUserIDs = userIDs.slice(from, from + 1000);
    await backEnd.call('/group/invite_user_to_group', { groupID, invitedUserIDs });
  }
}

function groupOf(members: number): string {
  return `group${members}`;
}

async function comparePulls(): Promise<void> {
  const rows: string[][] = [];
  for (const store of stores) {
    await using place = await startStore(store);
    const { server, backEnd, databaseUrl } = place;
    const conversations: LongConversation[] = sizes.lengths.map((length, index) => ({
      reader: userIDOf(2 * index),
      partner: userIDOf(2 * index + 1),
      length,
    }));
    const userIDs = conversations.flatMap(({ reader, partner }) => [reader, partner]);
    await backEnd.register(...userIDs);
    await fillConversations(server, databaseUrl, conversations);
    for (const conversation of conversations) {
      rows.push([titles[store] ?? store, ...(await measurePulls(server, backEnd, conversation, sizes.pulls))]);
    }
  }
  printTable('A pull of 100 messages (1002), anywhere in a conversation', ['', ...pullHeader], rows);
}

interface Store extends AsyncDisposable {
  readonly server: TesseraProcess;
  readonly backEnd: BackEnd;
  readonly db: DatabaseReader;
  readonly databaseUrl: string | undefined;
}

async function startStore(store: string): Promise<Store> {
  const postgres = store === 'postgres' ? await startPostgres() : undefined;
  const env: Record<string, string> = postgres === undefined ? {} : { TESSERA_DATABASE_URL: postgres.url };
  const server = await TesseraProcess.start({ env });
  const db = await openDatabase(server, postgres?.url);
  return {
    server,
    backEnd: new BackEnd(() => server.apiUrl),
    db,
    databaseUrl: postgres?.url,
    [Symbol.asyncDispose]: async () => {
      await db[Symbol.asyncDispose]();
      await server.dispose();
      await postgres?.stop();
    },
  };
}

interface Filling {
  readonly bytes: number;
  readonly messages: number;
}

async function bytesAndMessages(db: DatabaseReader): Promise<Filling> {
  const [{ bytes = 0 } = {}] = await db.rows(db.sizeStatement);
  const [{ messages = 0 } = {}] = await db.rows('SELECT sum(max_seq) AS messages FROM conversation_seqs');
  return { bytes, messages: messages ?? 0 };
}

function bytesPerMessage(before: Filling, after: Filling): number {
  return (after.bytes - before.bytes) / (after.messages - before.messages);
}

function micros(seconds: number): string {
  return (seconds * 1e6).toFixed(1);
}

const parts = { deliveries: compareDeliveries, pulls: comparePulls };
for (const [name, measure] of Object.entries(parts)) {
  if (values.only === undefined || values.only === name) await measure();
}
