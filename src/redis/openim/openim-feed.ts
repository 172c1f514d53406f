/** What OpenIM's servers tell each other about tokens: which hashes they have changed. Protocol: rest-core.md 5.10. */
import type { RedisClient, RedisSubscription } from '../client/client.ts';
import { openimCacheChannel } from './openim-layout.ts';

export interface OpenimFeedOptions {
  readonly redis: Pick<RedisClient, 'subscribe'>;
  /** Called with the key of each hash that was changed. */
  readonly onHash: (key: string) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

/** Hashes to look at are remembered up to that many: if more change at once, the oldest wait for their next use. */
const maxPending = 10_000;
/** Hashes looked at side by side: a storm of logins at OpenIM is no reason to keep ours waiting. */
const width = 100;

export class OpenimFeed implements AsyncDisposable {
  readonly #options: OpenimFeedOptions;
  /** The one that has waited longest in front. */
  readonly #pending = new Set<string>();
  #working: Promise<void> | undefined;
  #subscription: RedisSubscription | undefined;

  /** @throws if it cannot subscribe */
  static async open(options: OpenimFeedOptions): Promise<OpenimFeed> {
    const feed = new OpenimFeed(options);
    feed.#subscription = await options.redis.subscribe([openimCacheChannel], {
      onMessage: (_channel, message) => feed.#onMessage(message.toString()),
      onLost: () => {},
      onRestored: () => {},
    });
    return feed;
  }

  private constructor(options: OpenimFeedOptions) {
    this.#options = options;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#subscription?.[Symbol.asyncDispose]();
    this.#pending.clear();
    await this.#working;
  }

  #onMessage(message: string): void {
    for (const key of parseOpenimMessage(message)) {
      this.#pending.add(key);
      if (this.#pending.size > maxPending) this.#pending.delete(this.#pending.values().next().value ?? '');
    }
    this.#beginWork();
  }

  #beginWork(): void {
    if (this.#working !== undefined || this.#pending.size === 0) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      // What came between the last look and here.
      this.#beginWork();
    });
  }

  async #work(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(Array.from({ length: width }, () => this.#lookAtNext()));
  }

  async #lookAtNext(): Promise<void> {
    const { onHash, onFailure } = this.#options;
    const { value: key } = this.#pending.values().next();
    if (key === undefined) return;
    this.#pending.delete(key);
    try {
      await onHash(key);
    } catch (error) {
      onFailure(error);
    }
  }
}

/** A space that means nothing in JSON, by which our nodes know what they need not look at. */
const ownMark = ' ';

/** What OpenIM's servers read as their own. */
export function formatOpenimMessage(keys: readonly string[]): string {
  return ownMark + JSON.stringify(keys);
}

/** The keys that an OpenIM server has changed. Anybody can publish: what cannot be read says nothing. */
function parseOpenimMessage(message: string): readonly string[] {
  if (message.startsWith(ownMark)) return [];
  try {
    const keys: unknown = JSON.parse(message);
    return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
  } catch {
    return [];
  }
}
