/** Tells the log when Redis goes away and when it is back, once each, however many attempts lie between. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../telemetry/logger.ts';

export interface RedisOutagesOptions {
  readonly logger: Pick<Logger, 'warn'>;
  /** Monotonic, in ms. */
  readonly now?: () => number;
  /** Waits before Redis is asked again. */
  readonly pause?: (signal: AbortSignal) => Promise<void>;
}

export class RedisOutages implements Disposable {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #now: () => number;
  readonly #pause: (signal: AbortSignal) => Promise<void>;
  readonly #closing = new AbortController();
  #isAway = false;
  /** What answers once every master does. */
  #ping: () => Promise<void> = async () => {};

  constructor({ logger, now = () => performance.now(), pause = pauseASecond }: RedisOutagesOptions) {
    this.#logger = logger;
    this.#now = now;
    this.#pause = pause;
  }

  /** @param ping resolves if Redis answers */
  watch(ping: () => Promise<void>): void {
    this.#ping = ping;
  }

  /** A connection was lost, or an attempt to make one failed. */
  readonly noteFailure = (error: unknown): void => {
    if (this.#isAway || this.#closing.signal.aborted) return;
    this.#isAway = true;
    this.#logger.warn({ err: error }, 'Redis is away: trying to reach it again');
    void this.#untilBack();
  };

  [Symbol.dispose](): void {
    this.#closing.abort();
  }

  async #untilBack(): Promise<void> {
    const { signal } = this.#closing;
    const sinceMs = this.#now();
    while (!signal.aborted) {
      await this.#pause(signal);
      const isBack = await this.#ping().then(
        () => true,
        () => false,
      );
      if (!isBack || signal.aborted) continue;
      this.#isAway = false;
      this.#logger.warn({ seconds: Math.round((this.#now() - sinceMs) / 1000) }, 'Redis is back');
      return;
    }
  }
}

function pauseASecond(signal: AbortSignal): Promise<void> {
  return delay(1000, undefined, { signal, ref: false }).catch(() => {});
}
