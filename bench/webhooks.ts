/**
 * Hooks after messages to a receiver that fails half of the time, beside the same messages without hooks: whether all
 * arrive, in order per conversation and repeated only with the same ID, and what that does to messages (p99 of the time
 * to the acknowledgement, processor time of the server). Sender and receiver share the machine.
 *
 *   node bench/webhooks.ts [--hooks 100000] [--minutes 10] [--chats 1000]
 *
 * The receiver fails for that long; afterwards it takes what is left, which may be up to five minutes away. The messages
 * without hooks take a fifth of that time.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { BackEnd } from '../test/support/back-end.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { readCommandLine } from './support/command-line.ts';
import { FailingReceiver } from './support/failing-receiver.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { figuresOf } from './support/server-figures.ts';
import { spreadOf } from './support/spread.ts';
import { printTable } from './support/table.ts';

const { values } = readCommandLine(import.meta.filename, {
  hooks: { type: 'string', default: '100000' },
  minutes: { type: 'string', default: '10' },
  chats: { type: 'string', default: '1000' },
});
const hooksOfMessage = ['afterSendSingleMsg', 'afterMsgSaveDB'];
const messages = Math.ceil(Number(values.hooks) / hooksOfMessage.length);
const chats = Math.min(Number(values.chats), messages);
const everyMs = (Number(values.minutes) * 60_000) / messages;

const receiver = await FailingReceiver.open({ failedShare: 0.5, random: new SeededRandom(7) });
const directory = await mkdtemp(join(tmpdir(), 'tessera-bench-hooks-'));
const path = join(directory, 'webhooks.yml');
await writeFile(
  path,
  [`url: ${receiver.url}`, ...hooksOfMessage.map((name) => `${name}: { enable: true }`)].join('\n'),
);

const rows = [await measure('without hooks', {}, Math.ceil(messages / 5), async () => {})];
rows.push(
  await measure('with hooks', { TESSERA_WEBHOOKS_FILE: path }, messages, async () => {
    receiver.isFailing = false;
    await receiver.taken(messages * hooksOfMessage.length);
  }),
);
printTable('Messages', ['', 'messages', 'p50 ms', 'p99 ms', 'max ms', 'CPU us each'], rows);
printTable(
  'Hooks',
  ['hooks', 'delivered', 'requests', 'failed', 'out of order', 'repeated', 'with another ID'],
  [
    [
      `${messages * hooksOfMessage.length}`,
      ...[receiver.delivered, receiver.requests, receiver.failed, receiver.disordered].map(String),
      ...[receiver.repeated, receiver.renamed].map(String),
    ],
  ],
);
await receiver[Symbol.asyncDispose]();
await rm(directory, { recursive: true });

/** @param end afterwards, before the server stops */
async function measure(
  name: string,
  env: Readonly<Record<string, string>>,
  count: number,
  end: () => Promise<void>,
): Promise<string[]> {
  const server = await TesseraProcess.start({ env });
  const backEnd = new BackEnd(() => server.apiUrl);
  const users = Array.from({ length: chats + 1 }, (_, index) => `u${index}`);
  for (let start = 0; start < users.length; start += 500) await backEnd.register(...users.slice(start, start + 500));
  const { cpuSeconds: before } = await figuresOf(server.apiUrl);
  const took = createHistogram();
  const sending = new Set<Promise<void>>();
  const startedMs = performance.now();
  for (let index = 0; index < count; index += 1) {
    await delay(Math.max(0, startedMs + index * everyMs - performance.now()));
    const chat = index % chats;
    const content = { content: JSON.stringify({ chat: `${chat}`, n: Math.floor(index / chats) + 1 }) };
    const begunMs = performance.now();
    const sent = backEnd
      .call('/msg/send_msg', { sendID: 'u0', recvID: `u${chat + 1}`, sessionType: 1, contentType: 101, content })
      .then(() => took.record(Math.max(1, Math.round((performance.now() - begunMs) * 1000))));
    sending.add(sent);
    void sent.finally(() => sending.delete(sent));
  }
  await Promise.all(sending);
  const { p50, p99, max } = spreadOf(took, 1000);
  await end();
  const { cpuSeconds } = await figuresOf(server.apiUrl);
  await server.dispose();
  const each = ((cpuSeconds - before) / count) * 1e6;
  return [name, `${count}`, ...[p50, p99, max].map((ms) => ms.toFixed(1)), each.toFixed(0)];
}
