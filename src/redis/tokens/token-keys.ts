/** The names of Tessera's keys in Redis. All of a user's share one hash tag and so one Cluster slot. Design 3. */

export function indexKey(userID: string): string {
  return `tessera:{${userID}}:tokens`;
}

/** For SCAN: the index of every user who has tokens. */
export const indexKeyPattern = indexKey('*');

export function userOfIndexKey(key: string): string {
  return key.slice('tessera:{'.length, -'}:tokens'.length);
}

export function tokenKeyPrefix(userID: string): string {
  return `tessera:{${userID}}:token:`;
}

export function cutoffsKey(userID: string): string {
  return `tessera:{${userID}}:not-before`;
}

export const everyonesCutoffsKey = 'tessera:not-before';

/** Changes, published by the scripts; and the heartbeats of every node's feed. */
export const changesChannel = 'tessera:tokens';
export const heartbeatChannel = 'tessera:heartbeats';
