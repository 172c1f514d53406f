/**
 * The highest timeline of PostgreSQL that any node has met, by database: a sorted set with the timeline as the score. Each
 * node tells it and hears of it every few seconds, so a Redis that has forgotten it knows it again. See docs/adr/0016.
 */
import type { RedisClient } from '../client/client.ts';
import { timelinesKey } from './node-keys.ts';

/** As often as a node says that it lives. */
const tellEveryMs = 3000;

/** What a node knows of it itself. */
export interface KnownTimeline {
  readonly systemID: string;
  readonly timeline: number;
  learn(timeline: number): void;
  onHigher(listener: () => void): void;
}

export interface SharedTimelineOptions {
  readonly redis: Pick<RedisClient, 'command'>;
  readonly known: KnownTimeline;
  readonly onFailure: (error: unknown) => void;
}

export class SharedTimeline implements Disposable {
  readonly #options: SharedTimelineOptions;
  readonly #timer: NodeJS.Timeout;

  private constructor(options: SharedTimelineOptions) {
    this.#options = options;
    const tellSafely = () => void this.tell().catch(options.onFailure);
    options.known.onHigher(tellSafely);
    this.#timer = setInterval(tellSafely, tellEveryMs).unref();
  }

  /** Resolves when what the others have met is known here. @throws if Redis does not answer */
  static async open(options: SharedTimelineOptions): Promise<SharedTimeline> {
    const shared = new SharedTimeline(options);
    try {
      await shared.tell();
      return shared;
    } catch (error) {
      shared[Symbol.dispose]();
      throw error;
    }
  }

  async tell(): Promise<void> {
    const { redis, known } = this.#options;
    const { systemID, timeline } = known;
    if (timeline > 0) await redis.command(timelinesKey, ['ZADD', timelinesKey, 'GT', String(timeline), systemID]);
    known.learn(Number(await redis.command(timelinesKey, ['ZSCORE', timelinesKey, systemID])));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
