/** Child process: the clients of bench/gateway and bench/messages. One order in, one result out, over the process's channel. */
import { connect, type Socket } from 'node:net';
import { type CodecName, type ReadFrame, readFrame, requestMaker } from './chat-frames.ts';
import { type FanOutOrder, fanOut } from './fan-out-load.ts';
import { LeanSocket } from './lean-socket.ts';
import { type MeasurePlan, measured, type Spent, warmedUp } from './measured-time.ts';

export type LoadOrder =
  /** Connects one client per URL and says so; stays until the process ends. */
  | { readonly kind: 'connect'; readonly urls: readonly string[] }
  /** All clients send: each its next message when the last is acknowledged, or together at `ratePerSecond`. */
  | (MeasurePlan & {
      readonly kind: 'chat';
      readonly ratePerSecond?: number;
      readonly codec: CodecName;
      /** A message is received when it comes back to its sender, for want of a push. */
      readonly isEcho: boolean;
    })
  /** Some send to a group, each its next message when all have the last. */
  | ({ readonly kind: 'fan-out' } & FanOutOrder)
  /** TCP connections that never finish a handshake. */
  | { readonly kind: 'half-open'; readonly port: number; readonly count: number }
  | { readonly kind: 'await-drops' };

export interface ChatResult extends Spent {
  readonly acknowledgedPerSecond: number;
  readonly errors: number;
  /** From the moment a message was to be sent until its receiver has it. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const sockets: LeanSocket[] = [];
const halfOpen: Socket[] = [];

process.on('message', async (order: LoadOrder) => {
  try {
    process.send?.({ result: await execute(order) });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.on('disconnect', () => process.exit());

function execute(order: LoadOrder): Promise<unknown> {
  switch (order.kind) {
    case 'connect':
      return connectAll(order.urls);
    case 'chat':
      return new Chat(order).run();
    case 'fan-out':
      return fanOut(sockets, order);
    case 'half-open':
      return openHalves(order.port, order.count);
    case 'await-drops':
      return awaitDrops();
  }
}

/** @returns ms that it took */
async function connectAll(urls: readonly string[]): Promise<number> {
  const start = performance.now();
  const rest = [...urls.entries()];
  const next = async () => {
    for (let entry = rest.pop(); entry !== undefined; entry = rest.pop()) {
      sockets[entry[0]] = await LeanSocket.open(entry[1]);
    }
  };
  await Promise.all(Array.from({ length: 64 }, next));
  return performance.now() - start;
}

class Chat {
  readonly #order: Extract<LoadOrder, { kind: 'chat' }>;
  readonly #makers: readonly ReturnType<typeof requestMaker>[];
  /** By client and place: when the message was to be sent. */
  readonly #sentAt = sockets.map(() => [] as number[]);
  readonly #latencies: number[] = [];
  #isMeasuring = false;
  #isSending = true;
  #acknowledged = 0;
  #errors = 0;

  constructor(order: Extract<LoadOrder, { kind: 'chat' }>) {
    this.#order = order;
    this.#makers = sockets.map((_, client) => requestMaker(client, order.codec));
  }

  async run(): Promise<ChatResult> {
    const { ratePerSecond, codec } = this.#order;
    for (const [client, socket] of sockets.entries())
      socket.onFrame((payload) => this.#take(client, readFrame(payload, codec)));
    if (ratePerSecond === undefined) for (const client of sockets.keys()) this.#send(client, performance.now());
    else this.#sendAtRate(ratePerSecond);
    await warmedUp(this.#order, () => this.#acknowledged);
    const before = this.#acknowledged;
    this.#isMeasuring = true;
    const spent = await measured(this.#order);
    this.#isMeasuring = false;
    const acknowledged = this.#acknowledged - before;
    this.#isSending = false;
    await passed(500);
    const sorted = Float64Array.from(this.#latencies).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
    return {
      ...spent,
      acknowledgedPerSecond: (acknowledged / spent.ms) * 1000,
      errors: this.#errors,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: at(1),
    };
  }

  #send(client: number, dueAt: number): void {
    const sent = this.#sentAt[client]!;
    sockets[client]!.send(this.#makers[client]!(sent.length));
    sent.push(dueAt);
  }

  /** Sends go by the clock, whether or not the server keeps up, and are timed from when they were due. */
  #sendAtRate(ratePerSecond: number): void {
    const start = performance.now();
    let sent = 0;
    const sendDue = () => {
      if (!this.#isSending) return;
      const due = ((performance.now() - start) * ratePerSecond) / 1000;
      for (; sent < due; sent++) this.#send(sent % sockets.length, start + (sent * 1000) / ratePerSecond);
      setTimeout(sendDue, 1);
    };
    sendDue();
  }

  #take(client: number, { kind, sender, place }: ReadFrame): void {
    if (kind === 'error') this.#errors++;
    if (kind !== 'push') {
      this.#acknowledged++;
      if (this.#isSending && this.#order.ratePerSecond === undefined) this.#send(client, performance.now());
    }
    const isReceived = this.#order.isEcho ? kind === 'ack' : kind === 'push' && sender !== client;
    if (!isReceived || !this.#isMeasuring) return;
    this.#latencies.push(performance.now() - this.#sentAt[sender]![place]!);
  }
}

async function openHalves(port: number, count: number): Promise<void> {
  const halves = ['', 'GET /?token=', 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgr'];
  for (let i = 0; i < count; i += 500) {
    const batch = Array.from({ length: Math.min(500, count - i) }, async (_, k) => {
      const socket = connect(port, '127.0.0.1');
      halfOpen.push(socket);
      socket.on('error', () => {}).resume();
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(halves[k % halves.length]!);
    });
    await Promise.all(batch);
  }
}

/** @returns ms until the server had dropped the last of them */
async function awaitDrops(): Promise<number> {
  const start = performance.now();
  await Promise.all(halfOpen.map((socket) => socket.closed || new Promise((resolve) => socket.once('close', resolve))));
  return performance.now() - start;
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
