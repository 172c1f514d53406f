/**
 * The tokens of OpenIM's servers on the same Redis: honoured, taken into our own keys, and in mirror mode kept in step
 * both ways. Protocol: rest-core.md 5.4 to 5.10; for operators: docs/migrating-from-openim.md.
 */
import { platformIDs, platforms } from '../protocol/constants.ts';
import { errors } from '../protocol/errors.ts';
import type { TokenClaims, TokenCodec } from '../tokens/claims.ts';
import type { TokenEvents } from '../tokens/events.ts';
import type { LegacyTokens, MirroredEnd, MirroredToken } from '../tokens/legacy-tokens.ts';
import type { TokenRecord, TokenStore } from '../tokens/token-store.ts';
import type { RedisClient } from './client.ts';
import { OpenimAdoption } from './openim-adoption.ts';
import { OpenimFeed } from './openim-feed.ts';
import { openimHashKey, openimStatus, openimTemporaryKey, parseOpenimKey } from './openim-layout.ts';
import { OpenimMirror } from './openim-mirror.ts';
import { type Finding, openimRecord, readOpenimField } from './openim-records.ts';

export interface OpenimTokensOptions {
  readonly redis: RedisClient;
  readonly store: TokenStore;
  /** Verifies with the keys that are OpenIM's too. */
  readonly codec: TokenCodec;
  readonly events: TokenEvents;
  /** read: OpenIM's tokens are taken in. mirror: OpenIM's servers run as well, and each side sees the other's. */
  readonly mode: 'read' | 'mirror';
  /** Unix ms. */
  readonly clock: () => number;
  /** Hears of what could not be mirrored. */
  readonly onFailure: (error: unknown) => void;
}

export class OpenimTokens implements LegacyTokens {
  readonly #options: OpenimTokensOptions;
  readonly #adoption: OpenimAdoption;
  readonly #mirror: OpenimMirror | undefined;

  constructor(options: OpenimTokensOptions) {
    this.#options = options;
    this.#adoption = new OpenimAdoption(options);
    this.#mirror = options.mode === 'mirror' ? new OpenimMirror(options) : undefined;
  }

  async check(claims: TokenClaims, token: string, known: TokenRecord | undefined): Promise<TokenRecord | undefined> {
    if (known !== undefined) return this.#heedKick(claims, token, known);
    if (claims.isOurs) return undefined;
    const status = await this.#statusOf(claims, token);
    switch (status) {
      case openimStatus.normal:
        return this.#adoption.adopt({ claims, state: 'live' });
      case openimStatus.kicked:
        return this.#adoption.adopt({ claims, state: 'kicked' });
      case null:
        return this.#adoptTemporary(claims, token);
      default:
        throw errors.tokenUnknown('the token is invalid');
    }
  }

  async adoptAll(userID: string): Promise<void> {
    const perPlatform = await Promise.all(platformIDs.map((platformID) => this.#findAll({ userID, platformID })));
    await this.#adoption.takeIn(userID, perPlatform.flat());
  }

  async mirrorIssued(record: MirroredToken, token: string): Promise<void> {
    await this.#mirror?.writeIssued(record, token).catch(this.#options.onFailure);
  }

  async mirrorEnded(userID: string, tokens: readonly MirroredEnd[]): Promise<void> {
    if (tokens.length === 0) return;
    await this.#mirror?.writeEnded(userID, tokens).catch(this.#options.onFailure);
  }

  async watch(): Promise<AsyncDisposable> {
    if (this.#mirror === undefined) return new AsyncDisposableStack();
    const { redis, onFailure } = this.#options;
    return OpenimFeed.open({ redis, onHash: (key) => this.#lookAt(key), onFailure });
  }

  /** An absent field says nothing: the hash may have lapsed, and with it what was promised to live longer. */
  async #heedKick(claims: TokenClaims, token: string, known: TokenRecord): Promise<TokenRecord> {
    if (this.#mirror === undefined || known.state !== 'live') return known;
    if ((await this.#statusOf(claims, token)) !== openimStatus.kicked) return known;
    await this.#adoption.end(claims.userID, [claims.jti]);
    return openimRecord(claims, { state: 'kicked' });
  }

  async #adoptTemporary(claims: TokenClaims, token: string): Promise<TokenRecord | undefined> {
    if (claims.platformID !== platforms.Admin) return undefined;
    const key = openimTemporaryKey(claims, token);
    const leftMs = Number(await this.#options.redis.command(key, ['PTTL', key]));
    if (leftMs < 0) return undefined;
    return this.#adoption.adopt({ claims, state: 'superseded', acceptedUntil: this.#options.clock() + leftMs });
  }

  /** An OpenIM server has changed this hash. */
  async #lookAt(key: string): Promise<void> {
    const parsed = parseOpenimKey(key);
    if (parsed?.kind !== 'hash' || parsed.platformID === undefined) return;
    const { userID, platformID } = parsed;
    await this.#adoption.takeIn(userID, await this.#findAll({ userID, platformID }));
  }

  async #findAll(owner: { userID: string; platformID: number }): Promise<readonly Finding[]> {
    const { redis, codec, clock } = this.#options;
    const fields = await unlessOtherType(redis.hgetall(openimHashKey(owner)), {});
    const now = clock();
    return Object.entries(fields)
      .map((field) => readOpenimField(codec, field, owner, now))
      .filter((finding) => typeof finding !== 'string');
  }

  #statusOf(claims: TokenClaims, token: string): Promise<string | null> {
    return unlessOtherType(this.#options.redis.hget(openimHashKey(claims), token), null);
  }
}

/** What is no hash is not OpenIM's: it holds no tokens, and must not keep its user from logging in. */
async function unlessOtherType<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return otherwise;
    throw error;
  }
}
