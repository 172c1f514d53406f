/**
 * What offline pushes cost messages, and what an outage of their service does: the same messages at the same rate go to a
 * server with a service that answers, or is down in three ways, and to one without any beside it. Everybody is online with a
 * browser, so that each message is delivered and wakes a phone as well. Load and servers share the machine.
 *
 *   node bench/push.ts [--seconds N] [--rate N] [--users N] [--store sqlite|postgres]
 *
 *   --seconds   20, of each case
 *   --rate      200 messages a second
 *   --users     100 pairs of users
 *   --store     sqlite, or a PostgreSQL of its own
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as passed } from 'node:timers/promises';
import { MsgData, PushMessages } from '../src/protocol/gen/openim.ts';
import { newMsgData } from '../src/protocol/message.ts';
import { reqIdentifiers } from '../src/protocol/numbers/request-identifiers.ts';
import { BackEnd } from '../test/support/back-end.ts';
import { FcmStandIn } from '../test/support/push/fcm-stand-in.ts';
import type { Fault } from '../test/support/push/http-stand-in.ts';
import { startPostgres } from '../test/support/services/postgres.ts';
import { connect } from '../test/support/socket-client.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { readCommandLine } from './support/command-line.ts';
import { whole } from './support/numbers.ts';
import { figuresOf } from './support/server-figures.ts';
import { type Spread, spreadOf } from './support/spread.ts';
import { printTable } from './support/table.ts';

const { values } = readCommandLine(import.meta.filename, {
  seconds: { type: 'string', default: '20' },
  rate: { type: 'string', default: '200' },
  users: { type: 'string', default: '100' },
  store: { type: 'string', default: 'sqlite' },
});
const [seconds, rate, pairs] = [Number(values.seconds), Number(values.rate), Number(values.users)];

interface Case {
  readonly name: string;
  readonly hasService: boolean;
  readonly outage?: Fault;
}

const cases: readonly Case[] = [
  { name: 'it answers', hasService: true },
  { name: 'it answers 503', hasService: true, outage: { status: 503, json: {} } },
  { name: 'it resets connections', hasService: true, outage: 'reset' },
  { name: 'it never answers', hasService: true, outage: 'hang' },
];

async function main(): Promise<void> {
  const rows: string[][] = [];
  for (const each of cases) {
    // Beside it, at the same time: whatever else the machine does holds up both.
    await using without = await Stage.open({ name: '', hasService: false });
    await using stage = await Stage.open(each);
    const figures = await Promise.all([without.measure(), stage.measure()]);
    const pair = (of: (figure: Figures) => string) => figures.map(of).join(' / ');
    const calls = stage.fcm.asked.length;
    const left = await waiting(stage.server);
    rows.push([
      ...[each.name, pair(({ acked }) => acked.p50.toFixed(1)), pair(({ acked }) => acked.p99.toFixed(1))],
      ...[pair(({ delivered }) => delivered.p99.toFixed(1)), pair(({ cpu }) => whole(cpu))],
      ...[pair(({ megabytes }) => whole(megabytes)), whole(calls), whole(left), (await stage.drain()).toFixed(1)],
    ]);
  }
  printTable(
    `${whole(rate)} messages/s for ${seconds} s, ${values.store}; without / with a push service`,
    ['push service', 'ack p50 ms', 'p99', 'delivered p99', 'CPU us a message', 'MB', 'calls', 'waiting', 'drained s'],
    rows,
  );
}

interface Figures {
  readonly acked: Spread;
  readonly delivered: Spread;
  /** us of the server's, of a message. */
  readonly cpu: number;
  readonly megabytes: number;
}

/** A server with traffic. */
class Stage implements AsyncDisposable {
  readonly server: TesseraProcess;
  readonly fcm: FcmStandIn;
  readonly #outage: Fault | undefined;
  readonly #traffic: Traffic;
  readonly #opened: AsyncDisposableStack;

  private constructor(
    { outage }: Case,
    { server, fcm, traffic }: { server: TesseraProcess; fcm: FcmStandIn; traffic: Traffic },
    opened: AsyncDisposableStack,
  ) {
    this.server = server;
    this.fcm = fcm;
    this.#outage = outage;
    this.#traffic = traffic;
    this.#opened = opened;
  }

  static async open(each: Case): Promise<Stage> {
    await using opened = new AsyncDisposableStack();
    const fcm = opened.use(await new FcmStandIn().listen());
    const postgres = values.store === 'postgres' ? opened.use(await startPostgres()) : undefined;
    const env: Record<string, string> = postgres === undefined ? {} : { TESSERA_DATABASE_URL: postgres.url };
    const directory = await mkdtemp(join(tmpdir(), 'tessera-bench-'));
    opened.defer(() => rm(directory, { recursive: true }));
    const account = join(directory, 'account.json');
    await writeFile(account, JSON.stringify(fcm.account), { mode: 0o600 });
    if (each.hasService) Object.assign(env, { TESSERA_FCM_ACCOUNT_FILE: account, TESSERA_FCM_URL: fcm.url });
    const server = await TesseraProcess.start({ env });
    opened.defer(() => server.dispose());
    const traffic = await Traffic.open(server, new BackEnd(() => server.apiUrl));
    opened.defer(() => traffic.close());
    return new Stage(each, { server, fcm, traffic }, opened.move());
  }

  async measure(): Promise<Figures> {
    await this.#traffic.run(2);
    this.fcm.outage = this.#outage;
    this.fcm.asked.length = 0;
    this.#traffic.forget();
    const before = await figuresOf(this.server.apiUrl);
    await this.#traffic.run(seconds);
    const after = await figuresOf(this.server.apiUrl);
    return {
      acked: spreadOf(this.#traffic.acked, 1e6),
      delivered: spreadOf(this.#traffic.delivered, 1e6),
      cpu: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / (after.messages - before.messages),
      megabytes: after.residentBytes / 2 ** 20,
    };
  }

  /** The service works again. @returns how many seconds it took until nothing waited any more */
  async drain(): Promise<number> {
    this.fcm.outage = undefined;
    this.fcm.cut();
    const startedAtMs = performance.now();
    while ((await waiting(this.server)) > 0) await passed(500);
    return (performance.now() - startedAtMs) / 1000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

async function waiting(server: TesseraProcess): Promise<number> {
  const text = await (await fetch(`${server.apiUrl}/metrics`)).text();
  return Number(/^tessera_deliveries_waiting\{topic="push"\} (\S+)$/m.exec(text)?.[1] ?? 0);
}

/** Pairs of users: one sends to the other, who is online with a browser and has a phone that is not. */
class Traffic {
  readonly acked = createHistogram();
  readonly delivered = createHistogram();
  readonly #sentAt = new Map<string, number>();
  readonly #senders: ((id: string) => void)[] = [];
  readonly #closing: (() => void)[] = [];
  #sent = 0;

  static async open(server: TesseraProcess, backEnd: BackEnd): Promise<Traffic> {
    const traffic = new Traffic();
    const names = Array.from({ length: pairs }, (_, index) => [`from${index}`, `to${index}`] as const);
    await backEnd.register(...names.flat());
    for (const [from, to] of names) {
      await backEnd.call('/third/fcm_update_token', { account: to, platformID: 2, fcmToken: `of-${to}` });
      await traffic.#connect(server, to, await backEnd.userToken(to));
      const ws = await traffic.#connect(server, from, await backEnd.userToken(from));
      traffic.#senders.push((id) => ws.send(frameOf(from, to, id)));
    }
    return traffic;
  }

  /** Sends at the rate, whether or not the answers keep up, and waits for the last ones. */
  async run(forSeconds: number): Promise<void> {
    const startedAtMs = performance.now();
    const total = forSeconds * rate;
    for (let count = 0; count < total; ) {
      const due = Math.min(total, Math.floor(((performance.now() - startedAtMs) / 1000) * rate));
      for (; count < due; count += 1) {
        const id = `m${++this.#sent}`;
        // From when it was to be sent: a server that stands still is not to slow its measurement.
        this.#sentAt.set(id, startedAtMs + (count * 1000) / rate);
        this.#senders[this.#sent % this.#senders.length]?.(id);
      }
      await passed(2);
    }
    await passed(500);
  }

  forget(): void {
    this.acked.reset();
    this.delivered.reset();
  }

  async close(): Promise<void> {
    for (const close of this.#closing) close();
  }

  async #connect(server: TesseraProcess, userID: string, token: string) {
    const { ws } = await connect({ port: server.wsPort, query: { sendID: userID, token } });
    this.#closing.push(() => ws.terminate());
    ws.on('message', (data) => {
      const { reqIdentifier, msgIncr, data: body } = JSON.parse(String(data));
      if (reqIdentifier === reqIdentifiers.sendMessage) this.#note(this.acked, msgIncr);
      if (reqIdentifier !== reqIdentifiers.pushMessage || !userID.startsWith('to')) return;
      for (const { Msgs } of PushMessages.decode(Buffer.from(body, 'base64')).msgs.values()) {
        for (const { clientMsgID } of Msgs) this.#note(this.delivered, clientMsgID);
      }
    });
    return ws;
  }

  #note(histogram: { record(value: number): void }, id: string): void {
    const sentAt = this.#sentAt.get(id);
    if (sentAt !== undefined) histogram.record(Math.max(1, Math.round((performance.now() - sentAt) * 1e6)));
  }
}

function frameOf(sendID: string, recvID: string, id: string): Buffer {
  const message = newMsgData({
    ...{ sendID, recvID, clientMsgID: id, senderPlatformID: 5, sessionType: 1, contentType: 101, msgFrom: 100 },
    content: Buffer.from('{"content":"a text of some length, as people write them"}'),
    createTime: Date.now(),
  });
  const data = Buffer.from(MsgData.encode(message).finish()).toString('base64');
  const reqIdentifier = reqIdentifiers.sendMessage;
  return Buffer.from(JSON.stringify({ reqIdentifier, msgIncr: id, sendID, operationID: id, data }));
}

await main();
