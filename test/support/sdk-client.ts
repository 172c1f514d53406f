/** One device of one user, running the unmodified pure-JS SDK. Waits are for events, which are all kept. */
import { EventEmitter, once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ApiService } from '@openim/client-sdk';
import { CbEvents, getSDK } from '@openim/client-sdk/lib/index.modern.mjs';
// The package's other builds turn `[...map.entries()]` into `[].concat(map.entries())` and so cannot pull gaps at all.
import { WebSocket } from 'ws';

/** Emits `frame` after an SDK has had a turn to deal with a frame from the server. */
const traffic = new EventEmitter().setMaxListeners(0);

/** As in a browser: each frame is an event of its own, and promises run between two of them. */
class BrowserLikeWebSocket extends WebSocket {
  constructor(url: string) {
    super(url, { allowSynchronousEvents: false });
    this.binaryType = 'arraybuffer';
    this.on('message', () => setImmediate(() => traffic.emit('frame')));
  }
}
Object.assign(globalThis, { WebSocket: BrowserLikeWebSocket });

// The SDK never clears the interval of its cache, which would keep the test's process alive.
const startInterval = globalThis.setInterval;
Object.assign(globalThis, {
  setInterval: (...args: Parameters<typeof startInterval>) => startInterval(...args).unref(),
});

/** Calls over HTTP under way, each until its whole answer is there. */
const calls = new Set<Promise<Response>>();
const fetchNow = globalThis.fetch;
let startCall = fetchNow;
Object.assign(globalThis, {
  fetch: (...args: Parameters<typeof fetchNow>) => {
    if (gone.has(new URL(String(args[0])).origin)) return new Promise<Response>(() => undefined);
    const call = startCall(...args).then(async (answer) => new Response(await answer.arrayBuffer(), answer));
    calls.add(call);
    const isOver = () => calls.delete(call);
    call.then(isOver, isOver);
    return call;
  },
});

/** Servers that are no more. An SDK may ask once more after all was at rest; like that of a closed page it gets no answer. */
const gone = new Set<string>();

/** @param apiUrl of a server, which another one may have again later */
export function setGone(apiUrl: string, isGone: boolean): void {
  if (isGone) gone.add(apiUrl);
  else gone.delete(apiUrl);
}

/** Holds back the next call to `path` that the user's token goes with. @returns what lets it go */
export function holdCall(path: string, token: string): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  startCall = async (url, init) => {
    if (new URL(String(url)).pathname !== path || new Headers(init?.headers).get('token') !== token) {
      return fetchNow(url, init);
    }
    startCall = fetchNow;
    await promise;
    return fetchNow(url, init);
  };
  return resolve;
}

/**
 * Resolves when no SDK asks anything any more. What its server no longer answers is an error of the SDK's that nobody
 * handles.
 */
export async function sdksAtRest(): Promise<void> {
  do {
    await Promise.allSettled(calls);
    // An answer may lead to the next question.
    await nextTurn();
  } while (calls.size > 0);
}

// The SDK writes every message to the console, tokens included; a test's output is its results.
for (const method of ['log', 'info', 'debug', 'warn', 'error'] as const) console[method] = () => undefined;

type Sdk = ApiService & { on(event: string, listener: (event: SdkEvent) => void): void };

/** What the SDK hands to listeners. */
export interface SdkEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's data is whatever the event has
  readonly data: any;
  readonly errCode: number;
  readonly errMsg: string;
}

export interface LoginParams {
  readonly userID: string;
  readonly token: string;
  readonly platformID?: number;
  readonly apiAddr: string;
  readonly wsAddr: string;
}

interface Waiter {
  readonly matches: (event: SdkEvent) => boolean;
  readonly resolve: (event: SdkEvent) => void;
}

/** Longer than the SDK's fixed reconnect delay of 5 s; a wait that takes as long has failed. */
const waitLimitMs = 60_000;

/**
 * For what no event tells, such as the silent echo of an own message: resolves with what `look` sees as soon as it
 * accepts it, looking again whenever a frame has come in.
 */
export async function eventually<T>(look: () => Promise<T>, accept: (seen: T) => boolean): Promise<T> {
  const signal = AbortSignal.timeout(waitLimitMs);
  for (;;) {
    const nextFrame = once(traffic, 'frame', { signal });
    nextFrame.catch(() => undefined);
    const seen = await look();
    if (accept(seen) || signal.aborted) return seen;
    await nextFrame.catch(() => undefined);
  }
}

export class SdkClient {
  readonly sdk: Sdk = getSDK() as Sdk;
  /** In order of arrival. */
  readonly events: SdkEvent[] = [];
  #waiters: Waiter[] = [];

  constructor() {
    for (const name of Object.values(CbEvents)) {
      this.sdk.on(name, (event) => this.#record({ ...event, event: name }));
    }
  }

  /** Resolves when the SDK has synchronised, as an app would wait before it shows its list. */
  async login({ userID, token, platformID = 5, apiAddr, wsAddr }: LoginParams): Promise<void> {
    const synced = this.next(['OnSyncServerFinish', 'OnSyncServerFailed']);
    await this.sdk.login({ userID, token, platformID, apiAddr, wsAddr });
    // A failed synchronisation must not look like a slow one.
    if ((await synced).event === 'OnSyncServerFailed') throw new Error(`${userID} could not synchronise`);
  }

  async sendText(recvID: string, text: string) {
    const { data: message } = await this.sdk.createTextMessage(text);
    return (await this.sdk.sendMessage({ recvID, groupID: '', message })).data;
  }

  /** The next event of that name, or one of those names, from now on. @param matches narrows which one */
  next(name: string | readonly string[], matches: (event: SdkEvent) => boolean = () => true): Promise<SdkEvent> {
    const names = typeof name === 'string' ? [name] : name;
    const { promise, resolve, reject } = Promise.withResolvers<SdkEvent>();
    const timer = setTimeout(() => {
      reject(
        new Error(
          `no ${names.join(' or ')} within ${waitLimitMs} ms; seen: ${this.events.map(({ event, errCode }) => `${event}(${errCode})`).join(' ')}`,
        ),
      );
    }, waitLimitMs);
    this.#waiters.push({
      matches: (event) => names.includes(event.event) && matches(event),
      resolve: (event) => {
        clearTimeout(timer);
        resolve(event);
      },
    });
    return promise;
  }

  /** Texts of all messages received so far, in order. */
  receivedTexts(): string[] {
    return this.events
      .filter(({ event }) => event === 'OnRecvNewMessages')
      .flatMap(({ data }) => data.map((message: { textElem?: { content: string } }) => message.textElem?.content));
  }

  async logout(): Promise<void> {
    await this.sdk.logout();
  }

  /** Ends the device whatever its state. After an expired token the SDK would go on dialling for ever. */
  dispose(): void {
    (this.sdk as unknown as { wsManager?: { close(): void } }).wsManager?.close();
  }

  #record(event: SdkEvent): void {
    this.events.push(event);
    // Some follow a reply over HTTP, and no frame.
    setImmediate(() => traffic.emit('frame'));
    const matching = this.#waiters.filter((waiter) => waiter.matches(event));
    this.#waiters = this.#waiters.filter((waiter) => !matching.includes(waiter));
    for (const waiter of matching) waiter.resolve(event);
  }
}
