/** One device of one user: the unmodified wasm SDK (the Go core) on a page of its own, driven through Playwright. */
import type { getSDK } from '@openim/wasm-client-sdk';
import type { BrowserContext, Page } from 'playwright-core';
import { EventLog, type SdkEvent } from './event-log.ts';

type Sdk = ReturnType<typeof getSDK>;

/** The SDK's methods that resolve with a response. */
type Calls = {
  [Name in keyof Sdk as Sdk[Name] extends (...args: never[]) => Promise<{ data: unknown }> ? Name : never]: Sdk[Name];
};

/** Inside `evaluate`: the page's own globals. */
declare const window: { sdk: Sdk; initDB: InitDB };

/** The SDK's database, as it hands it to the core: a file of the user's name in the directory. */
type InitDB = (userID: string, directory: string) => Promise<unknown>;

export interface WasmLogin {
  readonly userID: string;
  readonly token: string;
  readonly platformID?: number;
  readonly apiAddr: string;
  readonly wsAddr: string;
  /** A name for where the page keeps what the device knows of the user; the SDK's own place by default. */
  readonly storage?: string;
}

/** For a wasm client on a machine that has much else to do; the core's longest pause before it redials is 16 s. */
const waitLimitMs = 45_000;

export class WasmClient {
  readonly page: Page;
  /** Errors on the page, and panics of the core, after which it does nothing any more. */
  readonly failures: string[] = [];
  readonly #log: EventLog;
  #token = '';

  private constructor(page: Page, limitMs: number) {
    this.page = page;
    this.#log = new EventLog(limitMs);
    page.setDefaultTimeout(limitMs);
    page.on('pageerror', ({ message }) => this.failures.push(message));
    page.on('crash', () => this.failures.push('the page crashed'));
    page.on('console', (message) => {
      if (/^(panic|fatal error):/.test(message.text())) this.failures.push(message.text());
    });
  }

  /**
   * Opens a page in the context, whose storage is the device's. Resolves when the core runs.
   * @param limitMs a wait that takes as long has failed
   */
  static async open(context: BrowserContext, siteUrl: string, limitMs = waitLimitMs): Promise<WasmClient> {
    const client = new WasmClient(await context.newPage(), limitMs);
    await client.page.exposeFunction('tellTest', (event: SdkEvent) => client.#log.add(event));
    await client.page.goto(siteUrl);
    await client.#coreRuns();
    return client;
  }

  /** As when the user presses F5: the core starts anew, and the storage stays. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.#coreRuns();
  }

  /** Resolves when the SDK has synchronised, as an app would wait before it shows its list. */
  async login(params: WasmLogin): Promise<void> {
    const synced = this.next(['OnSyncServerFinish', 'OnSyncServerFailed']);
    await this.startLogin(params);
    // A failed synchronisation must not look like a slow one.
    if ((await synced).event === 'OnSyncServerFailed') throw new Error(`${params.userID} could not synchronise`);
  }

  /** Resolves when the SDK has taken it on, which is before it dials. */
  async startLogin({ userID, token, platformID = 5, apiAddr, wsAddr, storage }: WasmLogin): Promise<void> {
    this.#token = token;
    if (storage !== undefined) await this.page.evaluate(storeIn, storage);
    const params = { userID, token, platformID, apiAddr, wsAddr, isLogStandardOutput: false };
    await this.#run('login', [params]);
  }

  async logout(): Promise<void> {
    await this.call('logout');
  }

  /**
   * Resolves when nobody is logged in. After a kick or a refused token the core gets there by itself, a little later than
   * its callback; until then it refuses another login, and no event tells.
   */
  async loggedOut(): Promise<void> {
    await this.page.evaluate(async () => {
      const loggedOut = 1;
      while ((await window.sdk.getLoginStatus()).data !== loggedOut) await new Promise((turn) => setTimeout(turn));
    });
  }

  /** Of the latest login. */
  get token(): string {
    return this.#token;
  }

  async sendText(recvID: string, text: string) {
    const message = await this.call('createTextMessage', text);
    return this.call('sendMessage', { recvID, groupID: '', message });
  }

  /** Calls a method of the SDK. @returns the response's data @throws with the error's code and text */
  async call<Name extends keyof Calls>(
    name: Name,
    ...args: Parameters<Calls[Name]>
  ): Promise<Awaited<ReturnType<Calls[Name]>>['data']> {
    return (await this.#run(name, args)).data;
  }

  /** All that the SDK has told, over reloads, in order. */
  get events(): readonly SdkEvent[] {
    return this.#log.events;
  }

  /** See {@link EventLog.next}. */
  next(...args: Parameters<EventLog['next']>): Promise<SdkEvent> {
    return this.#log.next(...args);
  }

  /** See {@link EventLog.count}. */
  count(name: string): number {
    return this.#log.count(name);
  }

  /** Texts of all messages received so far, in order. */
  receivedTexts(): string[] {
    return this.events.filter(({ event }) => event === 'OnRecvNewMessages').flatMap(({ data }) => texts(data));
  }

  /** When it does, it puts its functions on the window. */
  async #coreRuns(): Promise<void> {
    await this.page.waitForFunction(() => 'sdk' in window && 'initSDK' in window);
  }

  // biome-ignore lint/suspicious/noExplicitAny: typed by the callers
  async #run(name: keyof Sdk, args: unknown[]): Promise<any> {
    const outcome = await this.page.evaluate(
      async ([name, args]) => {
        const sdk = window.sdk as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
        try {
          return { response: await sdk[name]?.(...args) };
        } catch (error) {
          // The SDK throws plain objects, of which Playwright would say no more than that.
          const { errCode, errMsg } = error as { errCode?: number; errMsg?: string };
          return { failure: errCode === undefined ? String(error) : `${errCode} ${errMsg}` };
        }
      },
      [name, args] as const,
    );
    if (outcome.failure !== undefined) throw new Error(`${name}: ${outcome.failure}`);
    return outcome.response;
  }
}

/** For the next login. Runs on the page. */
function storeIn(storage: string): void {
  const { initDB } = window;
  window.initDB = (userID, directory) => {
    window.initDB = initDB;
    return initDB(userID, `${directory}${storage}-`);
  };
}

/** Texts of the messages that an event or a call has given; undefined for other content. */
export function texts(messages: readonly { textElem?: { content: string } }[]): string[] {
  return messages.map(({ textElem }) => textElem?.content ?? '(no text)');
}
