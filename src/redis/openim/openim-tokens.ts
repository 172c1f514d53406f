/**
 * The tokens of OpenIM's servers on the same Redis: honoured, taken into our own keys, and in mirror mode kept in step
 * both ways. Protocol: rest-core.md 5.4 to 5.10; for operators: docs/migrating-from-openim.md.
 */

import { errors } from '../../protocol/errors.ts';
import { platformIDs, platforms } from '../../protocol/numbers/platforms.ts';
import type { TokenClaims, TokenCodec } from '../../tokens/claims.ts';
import type { TokenEvents } from '../../tokens/events.ts';
import type { LegacyTokens, MirroredEnd, MirroredToken } from '../../tokens/legacy-tokens.ts';
import type { TokenRecord, TokenStore } from '../../tokens/token-store.ts';
import type { RedisClient } from '../client/client.ts';
import { loadScript } from '../tokens/load-script.ts';
import { OpenimAdoption } from './openim-adoption.ts';
import { OpenimFeed } from './openim-feed.ts';
import { type HashOwner, openimHashKey, openimStatus, openimTemporaryKey, parseOpenimKey } from './openim-layout.ts';
import { type OpenimHash, OpenimMirror } from './openim-mirror.ts';
import { type Finding, isOtherType, openimRecord, pairsOf, readOpenimField } from './openim-records.ts';

export interface OpenimTokensOptions {
  readonly redis: RedisClient;
  readonly store: TokenStore;
  /** A Cluster, where a user's hashes are on several servers. */
  readonly isCluster: boolean;
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
  readonly #find = loadScript('openim/scripts/openim-find.lua');

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
    const owners = platformIDs.map((platformID) => ({ userID, platformID }));
    const groups = this.#options.isCluster ? owners.map((owner) => [owner]) : [owners];
    const hashes = (await Promise.all(groups.map((group) => this.#read(group)))).flat();
    await this.#adoption.takeIn(userID, hashes.flatMap(findingsIn));
    await this.#mirror?.prune(hashes).catch(this.#options.onFailure);
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
    const hashes = await this.#read([{ userID, platformID }]);
    await this.#adoption.takeIn(userID, hashes.flatMap(findingsIn));
  }

  /** @param owners of hashes in one Cluster slot */
  async #read(owners: readonly HashOwner[]): Promise<readonly OpenimHash[]> {
    const { redis, codec, clock } = this.#options;
    const keys = owners.map(openimHashKey);
    // Mostly there is nothing, and to see that is a quarter of the work.
    if (keys.length > 1 && (await redis.command(keys[0], ['EXISTS', ...keys])) === 0) return [];
    const hashes = (await redis.evalScript(this.#find, keys, [])) as string[][];
    const now = clock();
    return owners.map((owner, index) => ({
      owner,
      fields: pairsOf(hashes[index] ?? []).map((field) => ({
        token: field[0],
        found: readOpenimField(codec, field, owner, now),
      })),
    }));
  }

  /** Null also for what is no hash, and so not OpenIM's. */
  async #statusOf(claims: TokenClaims, token: string): Promise<string | null> {
    try {
      return await this.#options.redis.hget(openimHashKey(claims), token);
    } catch (error) {
      if (isOtherType(error)) return null;
      throw error;
    }
  }
}

function findingsIn({ fields }: OpenimHash): readonly Finding[] {
  return fields.map(({ found }) => found).filter((found) => typeof found !== 'string');
}
