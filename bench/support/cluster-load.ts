/** Child process: the clients of bench/cluster. One order in, one result out, over the process's channel. */
import { createHistogram } from 'node:perf_hooks';
import { readFrame, requestMaker } from './chat-frames.ts';
import { LeanSocket } from './lean-socket.ts';
import { spreadOf } from './spread.ts';

export type ClusterOrder =
  /** One client per URL, in place of those that there are. */
  | { readonly kind: 'connect'; readonly urls: readonly string[]; readonly nodes: readonly number[] }
  /** All send to their partners: each its next message when the last is acknowledged, or together at a rate. */
  | { readonly kind: 'chat'; readonly ratePerSecond?: number }
  /** The first so many send to a group, each its next message when all members have the last, or together at a rate. */
  | { readonly kind: 'group'; readonly groupID: string; readonly senders: number; readonly ratePerSecond?: number }
  | { readonly kind: 'count' }
  /** Nobody sends any more; resolves when all that was sent has come. */
  | { readonly kind: 'rest' };

/** Since the last order to send. */
export interface ClusterCounts {
  readonly acknowledged: number;
  readonly deliveries: number;
  readonly errors: number;
  /** From the acknowledgement, which is sent when the message is committed, to the receipt by clients on other nodes. */
  readonly lagMs: { readonly p50: number; readonly p99: number };
}

interface Sending {
  /** By sender: makes its next request. */
  readonly makers: readonly ReturnType<typeof requestMaker>[];
  /** Who receive a message, beside its sender, whose own copy comes later by design. */
  readonly receivers: number;
  readonly ratePerSecond: number | undefined;
  readonly waitsForAll: boolean;
}

let sockets: LeanSocket[] = [];
/** By client. */
let nodeOf: readonly number[] = [];
let sending: Sending | undefined;
/** By sender and place, across all orders: places go on. */
let places: number[] = [];
let acknowledgedAt = new Map<string, number>();
let missing = new Map<string, number>();
let acknowledged = 0;
let deliveries = 0;
let errors = 0;
let lags = createHistogram();

process.on('message', async (order: ClusterOrder) => {
  try {
    process.send?.({ result: await execute(order) });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.on('disconnect', () => process.exit());

async function execute(order: ClusterOrder): Promise<unknown> {
  switch (order.kind) {
    case 'connect':
      return connectAll(order.urls, order.nodes);
    case 'chat': {
      const makers = sockets.map((_, client) => requestMaker(client, 'JSON'));
      return begin({ makers, receivers: 1, ratePerSecond: order.ratePerSecond, waitsForAll: false });
    }
    case 'group': {
      const { groupID, senders, ratePerSecond } = order;
      const makers = Array.from({ length: senders }, (_, client) => requestMaker(client, 'JSON', groupID));
      return begin({ makers, receivers: sockets.length - 1, ratePerSecond, waitsForAll: true });
    }
    case 'count':
      return { acknowledged, deliveries, errors, lagMs: spreadOf(lags, 1000) } satisfies ClusterCounts;
    case 'rest':
      return rest();
  }
}

async function connectAll(urls: readonly string[], nodes: readonly number[]): Promise<void> {
  for (const socket of sockets) socket.close();
  const opened: LeanSocket[] = [];
  const waiting = [...urls.entries()];
  const next = async () => {
    for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
      opened[entry[0]] = await LeanSocket.open(entry[1]);
    }
  };
  await Promise.all(Array.from({ length: 32 }, next));
  for (const [client, socket] of opened.entries()) socket.onFrame((payload) => take(client, payload));
  [sockets, nodeOf] = [opened, nodes];
}

function begin(plan: Sending): void {
  sending = plan;
  places = plan.makers.map(() => 0);
  acknowledgedAt = new Map();
  missing = new Map();
  [acknowledged, deliveries, errors] = [0, 0, 0];
  lags = createHistogram();
  if (plan.ratePerSecond === undefined) for (const sender of plan.makers.keys()) send(plan, sender);
  else sendAtRate(plan, plan.ratePerSecond);
}

function send({ makers, receivers }: Sending, sender: number): void {
  const place = places[sender]!;
  places[sender] = place + 1;
  missing.set(`${sender} ${place}`, receivers);
  sockets[sender]!.send(makers[sender]!(place));
}

/** Goes by the clock, whether or not the servers keep up. */
function sendAtRate(plan: Sending, ratePerSecond: number): void {
  const startedAt = performance.now();
  let sent = 0;
  const sendDue = () => {
    if (sending !== plan) return;
    const due = ((performance.now() - startedAt) * ratePerSecond) / 1000;
    for (; sent < due; sent += 1) send(plan, sent % plan.makers.length);
    setTimeout(sendDue, 1);
  };
  sendDue();
}

function take(client: number, payload: Buffer): void {
  const { kind, sender, place } = readFrame(payload, 'JSON');
  const id = `${sender} ${place}`;
  if (kind === 'error') errors += 1;
  else if (kind === 'ack') {
    acknowledged += 1;
    acknowledgedAt.set(id, performance.now());
    if (sending?.waitsForAll === false) goOn(sender);
  } else {
    deliveries += 1;
    if (client === sender) return;
    noteLag(client, sender, id);
    const left = (missing.get(id) ?? 0) - 1;
    missing.set(id, left);
    if (left > 0) return;
    missing.delete(id);
    acknowledgedAt.delete(id);
    if (sending?.waitsForAll === true) goOn(sender);
  }
}

function goOn(sender: number): void {
  if (sending !== undefined && sending.ratePerSecond === undefined) send(sending, sender);
}

function noteLag(client: number, sender: number, id: string): void {
  if (nodeOf[client] === nodeOf[sender]) return;
  // One that comes before its acknowledgement has been read took no time.
  const sinceAt = acknowledgedAt.get(id);
  const lagMs = sinceAt === undefined ? 0 : performance.now() - sinceAt;
  lags.record(Math.max(1, Math.round(lagMs * 1000)));
}

async function rest(): Promise<void> {
  sending = undefined;
  const deadline = performance.now() + 10_000;
  while (missing.size > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
}
