/**
 * Walks over every token in Redis and compares keys and indexes, which only a foreign hand, an eviction or a bug can
 * have driven apart. Safe beside running servers: each user is looked at, and mended, in one script.
 */
import type { RedisClient, RedisNode } from '../client/client.ts';
import { loadScript } from './load-script.ts';
import {
  indexKeyPattern,
  parseTokenKey,
  tokenKeyPattern,
  tokenKeyPrefix,
  tokenSetKeys,
  userOfIndexKey,
} from './token-keys.ts';

export interface TokenFaults {
  /** Tokens and indexes that were looked at. */
  tokens: number;
  users: number;
  /** Index entries whose token is gone before its end. */
  orphans: number;
  /** Tokens and indexes that would stay for ever. */
  endless: number;
  /** Tokens that logins and lists do not see. */
  strays: number;
  /** Values that nobody can read: their tokens are not accepted. */
  unreadable: number;
}

export interface MendOptions {
  readonly repair: boolean;
  /** Unix ms: the end of tokens whose end nobody knows. */
  readonly fallbackEnd: number;
  readonly onProgress?: (faults: Readonly<TokenFaults>) => void;
}

export async function mendTokens(redis: RedisClient, options: MendOptions): Promise<Readonly<TokenFaults>> {
  const faults: TokenFaults = { tokens: 0, users: 0, orphans: 0, endless: 0, strays: 0, unreadable: 0 };
  for (const master of await redis.masters()) {
    await walkTokens(redis, master, options, faults);
    await walkIndexes(redis, master, options, faults);
  }
  return faults;
}

async function walkTokens(redis: RedisClient, master: RedisNode, options: MendOptions, faults: TokenFaults) {
  for await (const keys of master.scan(tokenKeyPattern, 1000)) {
    const byUser = Map.groupBy(keys, (key) => parseTokenKey(key)?.userID);
    await Promise.all(
      [...byUser].map(async ([userID, tokenKeys]) => {
        if (userID === undefined) return;
        const [orphans, endless, strays, isEndless, unreadable] = await mend(redis, userID, tokenKeys, options);
        faults.endless += endless;
        faults.strays += strays;
        faults.unreadable += unreadable;
        // What this has mended of the index, the walk over the indexes will not see any more.
        if (options.repair) faults.orphans += orphans;
        if (options.repair) faults.endless += isEndless;
      }),
    );
    faults.tokens += keys.length;
    options.onProgress?.(faults);
  }
}

async function walkIndexes(redis: RedisClient, master: RedisNode, options: MendOptions, faults: TokenFaults) {
  for await (const keys of master.scan(indexKeyPattern, 1000)) {
    await Promise.all(
      keys.map(async (key) => {
        const [orphans, , , isEndless] = await mend(redis, userOfIndexKey(key), [], options);
        faults.orphans += orphans;
        faults.endless += isEndless;
      }),
    );
    faults.users += keys.length;
    options.onProgress?.(faults);
  }
}

const script = loadScript('tokens/scripts/mend.lua');

async function mend(
  redis: RedisClient,
  userID: string,
  tokenKeys: readonly string[],
  { repair, fallbackEnd }: MendOptions,
): Promise<MendReply> {
  const args = [tokenKeyPrefix(userID), repair ? '1' : '0', String(fallbackEnd)];
  const reply = await redis.evalScript(script, [...tokenSetKeys(userID), ...tokenKeys], args);
  const [orphans = 0, endless = 0, strays = 0, isEndless = 0, unreadable = 0] = Array.isArray(reply)
    ? reply.map(Number)
    : [];
  return [orphans, endless, strays, isEndless, unreadable];
}

type MendReply = readonly [orphans: number, endless: number, strays: number, isEndless: number, unreadable: number];
