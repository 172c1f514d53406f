/**
 * What offline pushes cost messages, and what an outage of their service does: the same messages at the same rate without a
 * service, with one that answers, and with one that is down in three ways. Everybody is online with a browser, so that each
 * message is delivered and wakes a phone as well. Load and server share the machine.
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
import { parseArgs } from 'node:util';
import { MsgData, PushMessages } from '../src/protocol/gen/openim.ts';
import { newMsgData } from '../src/protocol/message.ts';
import { reqIdentifiers } from '../src/protocol/numbers/request-identifiers.ts';
import { BackEnd } from '../test/support/back-end.ts';
import { FcmStandIn } from '../test/support/push/fcm-stand-in.ts';
import type { Fault } from '../test/support/push/http-stand-in.ts';
import { startPostgres } from '../test/support/services/postgres.ts';
import { connect } from '../test/support/socket-client.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { whole } from './support/numbers.ts';
import { figuresOf } from './support/server-figures.ts';
import { spreadOf } from './support/spread.ts';
import { printTable } from './support/table.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '200' },
    users: { type: 'string', default: '100' },
    store: { type: 'string', default: 'sqlite' },
  },
});
const [seconds, rate, pairs] = [Number(values.seconds), Number(values.rate), Number(values.users)];

interface Case {
  readonly name: string;
  readonly hasService: boolean;
  readonly outage?: Fault;
}

const cases: readonly Case[] = [
  { name: 'no push service', hasService: false },
  { name: 'it answers', hasService: true },
  { name: 'it answers 503', hasService: true, outage: { status: 503, json: {} } },
  { name: 'it resets connections', hasService: true, outage: 'reset' },
  { name: 'it never answers', hasService: true, outage: 'hang' },
];

async function main(): Promise<void> {
  const rows: string[][] = [];
  for (const each of cases) rows.push(await measure(each));
  printTable(
    `${whole(rate)} messages/s for ${seconds} s, ${values.store}`,
    ['push service', 'ack p50 ms', 'p99', 'delivered p99', 'CPU us a message', 'MB', 'calls', 'waiting', 'drained s'],
    rows,
  );
}

async function measure({ name, hasService, outage }: Case): Promise<string[]> {
  await using fcm = await new FcmStandIn().listen();
  await using postgres = values.store === 'postgres' ? await startPostgres() : undefined;
  const env: Record<string, string> = postgres === undefined ? {} : { TESSERA_DATABASE_URL: postgres.url };
  const directory = await mkdtemp(join(tmpdir(), 'tessera-bench-'));
  const account = join(directory, 'account.json');
  await writeFile(account, JSON.stringify(fcm.account), { mode: 0o600 });
  if (hasService) Object.assign(env, { TESSERA_FCM_ACCOUNT_FILE: account, TESSERA_FCM_URL: fcm.url });
  const server = await TesseraProcess.start({ env });
  await using _end = {
    [Symbol.asyncDispose]: async () => {
      await server.dispose();
      await rm(directory, { recursive: true });
    },
  };
  const backEnd = new BackEnd(() => server.apiUrl);
  const traffic = await Traffic.open(server, backEnd);
  await traffic.run(2);
  fcm.outage = outage;
  fcm.asked.length = 0;
  traffic.forget();
  const before = await figuresOf(server.apiUrl);
  await traffic.run(seconds);
  const after = await figuresOf(server.apiUrl);
  const [calls, left] = [fcm.asked.length, await waiting(server)];
  fcm.outage = undefined;
  const drainingMs = performance.now();
  while (hasService && (await waiting(server)) > 0) await passed(500);
  const drained = (performance.now() - drainingMs) / 1000;
  await traffic.close();
  const [acked, delivered] = [spreadOf(traffic.acked, 1e6), spreadOf(traffic.delivered, 1e6)];
  const cpu = ((after.cpuSeconds - before.cpuSeconds) * 1e6) / (after.messages - before.messages);
  return [
    ...[name, acked.p50.toFixed(1), acked.p99.toFixed(1), delivered.p99.toFixed(1), whole(cpu)],
    ...[whole(after.residentBytes / 2 ** 20), whole(calls), whole(left), drained.toFixed(1)],
  ];
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
