/**
 * What any node did to tokens, as the scripts publish it. A subscription can die without a word (a cable, a paused
 * server): so every feed sends itself heartbeats through Redis. Once they stay away it says that changes may be missed,
 * and has the subscription renewed.
 */
import { randomUUID } from 'node:crypto';
import type { TokenChange, TokenChangeListener, TokenWatch } from '../../tokens/token-store.ts';
import type { RedisClient, RedisSubscription } from '../client/client.ts';
import { changesChannel, heartbeatChannel } from './token-keys.ts';

/** How long a cut-off subscription can go unnoticed, up to a heartbeat more. */
const silenceMs = 1500;
const heartbeatMs = 500;
/** Two heartbeats: with that much less news than there should be, nobody relies on having heard everything. */
const freshMs = 1000;

export class TokenFeed implements TokenWatch {
  readonly #redis: RedisClient;
  readonly #listener: TokenChangeListener;
  readonly #monotonicMs: () => number;
  readonly #heartbeats = `${heartbeatChannel}:${randomUUID()}`;
  #subscription: RedisSubscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isSubscribed = true;
  #isLive = true;
  /** By the monotonic clock. */
  #subscribedAtMs: number;
  /** When the newest heartbeat that came back was sent, by the monotonic clock. */
  #lastBeatSentMs: number;

  /**
   * Hears every change from when it resolves. @throws if it cannot subscribe
   * @param monotonicMs milliseconds that only ever go forward; the process's own by default
   */
  static async open(redis: RedisClient, listener: TokenChangeListener, monotonicMs = processMs): Promise<TokenFeed> {
    const feed = new TokenFeed(redis, listener, monotonicMs);
    feed.#subscription = await redis.subscribe([changesChannel, feed.#heartbeats], {
      onMessage: (channel, message) => {
        const text = message.toString();
        if (channel === changesChannel) feed.#onChange(text);
        else feed.#onBeat(text);
      },
      onLost: () => {
        feed.#isSubscribed = false;
        feed.#setLive(false);
      },
      onRestored: () => {
        feed.#isSubscribed = true;
        feed.#subscribedAtMs = monotonicMs();
        feed.#sendBeat();
      },
    });
    feed.#timer = setInterval(() => feed.#onTick(), heartbeatMs);
    feed.#sendBeat();
    return feed;
  }

  private constructor(redis: RedisClient, listener: TokenChangeListener, monotonicMs: () => number) {
    this.#redis = redis;
    this.#listener = listener;
    this.#monotonicMs = monotonicMs;
    this.#subscribedAtMs = monotonicMs();
    this.#lastBeatSentMs = monotonicMs();
  }

  isFresh(): boolean {
    return this.#isLive && this.#monotonicMs() - this.#lastBeatSentMs <= freshMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#subscription?.[Symbol.asyncDispose]();
  }

  #onTick(): void {
    if (!this.#isRecent(this.#lastBeatSentMs)) {
      this.#setLive(false);
      // One that is new gets the same time; one that is being made again is made anyway.
      if (this.#isSubscribed && !this.#isRecent(this.#subscribedAtMs)) this.#subscription?.renew();
    }
    this.#sendBeat();
  }

  #sendBeat(): void {
    // One that fails is one that does not come back.
    this.#redis.publish(this.#heartbeats, String(this.#monotonicMs())).catch(() => {});
  }

  #onBeat(message: string): void {
    this.#lastBeatSentMs = Math.max(this.#lastBeatSentMs, Number(message));
    if (this.#isSubscribed && this.#isRecent(this.#lastBeatSentMs)) this.#setLive(true);
  }

  #onChange(message: string): void {
    const change = parseChange(message);
    if (change !== undefined) this.#listener.onChange(change);
    else if (this.#isLive) {
      // Something that this version does not know may have ended anything.
      this.#listener.onLost();
      this.#listener.onRestored();
    }
  }

  #isRecent(sinceMs: number): boolean {
    return this.#monotonicMs() - sinceMs <= silenceMs;
  }

  #setLive(isLive: boolean): void {
    if (isLive === this.#isLive) return;
    this.#isLive = isLive;
    if (isLive) this.#listener.onRestored();
    else this.#listener.onLost();
  }
}

/**
 * Numbers travel as text, because the scripts' JSON library rounds them.
 * @returns undefined for a message that is none of ours, or of a version to come
 */
function parseChange(message: string): TokenChange | undefined {
  try {
    const { kind, userID, ...change } = JSON.parse(message);
    switch (kind) {
      case 'ended':
        return { kind, userID, tokens: change.tokens.map(toTokenName), reason: change.reason };
      case 'superseded':
        return { kind, userID, jtis: change.jtis.map(String), acceptedUntil: Number(change.acceptedUntil) };
      case 'cutoff':
        return { kind, userID, ...toCutoff(change) };
      case 'cutoffButOne':
        return { kind, userID, ...toCutoff(change), spares: String(change.spares) };
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

function toCutoff({ platformID, notBefore }: Record<string, unknown>) {
  return { platformID: Number(platformID), notBefore: Number(notBefore) };
}

function toTokenName({ jti, platformID }: { jti: unknown; platformID: unknown }) {
  return { jti: String(jti), platformID: Number(platformID) };
}

function processMs(): number {
  return performance.now();
}
