/** What an SDK has told its app: every event is kept, and tests wait for those to come. */

/** What SDKs hand to listeners. */
export interface SdkEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's data is whatever the event has
  readonly data: any;
  readonly errCode: number;
  readonly errMsg: string;
}

interface Waiter {
  readonly matches: (event: SdkEvent) => boolean;
  readonly resolve: (event: SdkEvent) => void;
}

export class EventLog {
  /** In order of arrival. */
  readonly events: SdkEvent[] = [];
  readonly #waitLimitMs: number;
  #waiters: Waiter[] = [];

  /** @param waitLimitMs a wait that takes as long has failed */
  constructor(waitLimitMs: number) {
    this.#waitLimitMs = waitLimitMs;
  }

  add(event: SdkEvent): void {
    this.events.push(event);
    const matching = this.#waiters.filter((waiter) => waiter.matches(event));
    this.#waiters = this.#waiters.filter((waiter) => !matching.includes(waiter));
    for (const waiter of matching) waiter.resolve(event);
  }

  /** The next event of that name, or one of those names, from now on. @param matches narrows which one */
  next(name: string | readonly string[], matches: (event: SdkEvent) => boolean = () => true): Promise<SdkEvent> {
    const names = typeof name === 'string' ? [name] : name;
    const { promise, resolve, reject } = Promise.withResolvers<SdkEvent>();
    const timer = setTimeout(() => reject(this.#missed(names)), this.#waitLimitMs);
    this.#waiters.push({
      matches: (event) => names.includes(event.event) && matches(event),
      resolve: (event) => {
        clearTimeout(timer);
        resolve(event);
      },
    });
    // A test that has failed before it got to wait is not to fail another one later.
    promise.catch(() => undefined);
    return promise;
  }

  /** How many events of that name there have been. */
  count(name: string): number {
    return this.events.filter(({ event }) => event === name).length;
  }

  #missed(names: readonly string[]): Error {
    const seen = this.events.map(({ event, errCode }) => (errCode === 0 ? event : `${event}(${errCode})`));
    return new Error(`no ${names.join(' or ')} within ${this.#waitLimitMs} ms; seen: ${seen.join(' ')}`);
  }
}
