/**
 * What Redis knows to have ended, by walking over everything: for one that has served a version of ours which kept that
 * nowhere else.
 */
import { parseCutoffs } from '../../tokens/cutoffs.ts';
import type { KeptCutoff, TokenEnd } from '../../tokens/token-end-store.ts';
import type { KnownToStore } from '../../tokens/token-store-memory.ts';
import type { RedisClient, RedisNode } from '../client/client.ts';
import {
  everyonesCutoffsKey,
  parseTokenKey,
  tokenKeyPattern,
  userCutoffsPattern,
  userOfCutoffsKey,
} from './token-keys.ts';
import { parseToken, stateLetters } from './token-value.ts';

type Ask = RedisNode['command'];

/** A portion at a time. @throws Redis's failure */
export async function* knownEnds(redis: RedisClient): AsyncGenerator<KnownToStore> {
  const anywhere: Ask = (args) => redis.command(everyonesCutoffsKey, args);
  yield { ends: [], cutoffs: await cutoffsIn(anywhere, everyonesCutoffsKey, '') };
  for (const { command, scan } of await redis.masters()) {
    for await (const keys of scan(tokenKeyPattern, portion)) {
      const ends = await Promise.all(keys.map((key) => endIn(command, key)));
      yield { ends: ends.flat(), cutoffs: [] };
    }
    for await (const keys of scan(userCutoffsPattern, portion)) {
      const cutoffs = await Promise.all(keys.map((key) => cutoffsIn(command, key, userOfCutoffsKey(key))));
      yield { ends: [], cutoffs: cutoffs.flat() };
    }
  }
}

/** Keys looked at side by side, with up to three commands each: a connection lets only so many wait. */
const portion = 500;

/** None for a token that is live, gone, without an end or unreadable. */
async function endIn(ask: Ask, key: string): Promise<readonly TokenEnd[]> {
  const name = parseTokenKey(key);
  const text = await textIn(ask, key);
  // Most are live, and cost no more than this look.
  if (name === undefined || text === undefined || text.startsWith(stateLetters.live)) return [];
  const endsAt = await endOf(ask, key);
  if (endsAt === undefined) return [];
  // An exp is a whole second.
  const record = parseToken({ ...name, expiresAt: Math.round(endsAt / 1000) * 1000 }, text);
  if (record === undefined) return [];
  const { deviceName: _deviceName, lastSeenAt: _lastSeenAt, ...end } = record;
  return [end];
}

/** None for what is unreadable: whoever it is about is refused with 500 until it is mended. */
async function cutoffsIn(ask: Ask, key: string, userID: string): Promise<readonly KeptCutoff[]> {
  const text = await textIn(ask, key);
  const keepUntil = text === undefined ? undefined : await endOf(ask, key);
  if (text === undefined || keepUntil === undefined) return [];
  try {
    return [...parseCutoffs(text)].map(([platformID, notBefore]) => ({ userID, platformID, notBefore, keepUntil }));
  } catch {
    return [];
  }
}

async function textIn(ask: Ask, key: string): Promise<string | undefined> {
  const text = await ask(['GET', key]).catch(unlessForeign);
  return typeof text === 'string' ? text : undefined;
}

/** Unix ms, by the clock of Redis, which ends keys; undefined for one that is gone or has no end. */
async function endOf(ask: Ask, key: string): Promise<number | undefined> {
  const [left, time] = await Promise.all([ask(['PTTL', key]), ask(['TIME'])]);
  if (Number(left) < 0) return undefined;
  const [seconds = 0, micros = 0] = (time as string[]).map(Number);
  return seconds * 1000 + Math.floor(micros / 1000) + Number(left);
}

/** A key of another type says nothing; any other failure is the caller's. */
function unlessForeign(error: unknown): null {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return null;
  throw error;
}
