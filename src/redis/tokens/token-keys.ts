/** The names of Tessera's keys in Redis. All of a user's share one hash tag and so one Cluster slot. Design 3. */

/** A user's sorted sets of jtis, as the scripts take them: live, superseded, past. See scripts/token-records.lua. */
export function tokenSetKeys(userID: string): readonly [live: string, superseded: string, past: string] {
  return [liveTokensKey(userID), `tessera:{${userID}}:superseded`, `tessera:{${userID}}:past`];
}

export function liveTokensKey(userID: string): string {
  return `tessera:{${userID}}:tokens`;
}

/** For SCAN: the live tokens of every user who has some. */
export const indexKeyPattern = liveTokensKey('*');

export function userOfIndexKey(key: string): string {
  return key.slice('tessera:{'.length, -'}:tokens'.length);
}

export function tokenKeyPrefix(userID: string): string {
  return `tessera:{${userID}}:token:`;
}

/** For SCAN: every token. */
export const tokenKeyPattern = `${tokenKeyPrefix('*')}*`;

/** Whose token a key is, and its name; undefined for what is none. A jti has neither `}` nor `:token:` in it, whatever the user ID has. */
export function parseTokenKey(key: string): { readonly userID: string; readonly jti: string } | undefined {
  const [, userID, jti] = /^tessera:\{(.*)\}:token:((?:h:)?[\w-]+)$/s.exec(key) ?? [];
  return userID === undefined || jti === undefined ? undefined : { userID, jti };
}

export function cutoffsKey(userID: string): string {
  return `tessera:{${userID}}:not-before`;
}

/** For SCAN: the cutoffs of every user who has some. */
export const userCutoffsPattern = cutoffsKey('*');

export function userOfCutoffsKey(key: string): string {
  return key.slice('tessera:{'.length, -'}:not-before'.length);
}

export const everyonesCutoffsKey = 'tessera:not-before';

/** Changes, published by the scripts; and the heartbeats of every node's feed. */
export const changesChannel = 'tessera:tokens';
export const heartbeatChannel = 'tessera:heartbeats';

/** Which runs of the servers know every end of a token: see redis-memory.ts. It has no end of its own. */
export const memoryKey = 'tessera:memory';
/** Unix ms: when one that had replaced another was last told everything. What was issued before may be gone. */
export const replacedKey = 'tessera:memory:replaced';
