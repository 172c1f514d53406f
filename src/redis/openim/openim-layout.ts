/** Where OpenIM's servers keep tokens in Redis, and what they write there. Protocol: rest-core.md 5.3, 5.4, 5.10. */
import { type PlatformID, platformIDs, platformName } from '../../protocol/numbers/platforms.ts';

/** Whose tokens a hash holds: those of one user on one platform. */
export interface HashOwner {
  readonly userID: string;
  readonly platformID: number;
}

/** A key of OpenIM's. `platformID` is undefined for a name that no platform has (known defect 17). */
export type OpenimKey =
  | { readonly kind: 'hash'; readonly userID: string; readonly platformID: PlatformID | undefined }
  /** An admin token that a newer one has taken the place of, for as long as the key lives. */
  | {
      readonly kind: 'temporary';
      readonly userID: string;
      readonly platformID: PlatformID | undefined;
      readonly token: string;
    };

/** What the field of a token holds. OpenIM writes no others. */
export const openimStatus = { normal: '0', kicked: '2' } as const;

/** Where OpenIM's servers tell each other which hashes they have changed: a JSON array of their keys. */
export const openimCacheChannel = 'DELETE_CACHE_AUTH';

const prefix = 'UID_PID_TOKEN_STATUS:';
const temporaryPrefix = `${prefix}:TEMPORARY:`;

/** For SCAN: every key of OpenIM's that has to do with tokens. */
export const openimKeyPattern = `${prefix}*`;

export function openimHashKey({ userID, platformID }: HashOwner): string {
  return `${prefix}${userID}:${platformName(platformID)}`;
}

export function openimTemporaryKey({ userID, platformID }: HashOwner, token: string): string {
  return `${temporaryPrefix}${userID}:${platformName(platformID)}:${token}`;
}

/** The platform is what stands behind the last colon: OpenIM's user IDs have none. */
export function parseOpenimKey(key: string): OpenimKey | undefined {
  if (key.startsWith(temporaryPrefix)) {
    const [owner, token] = splitAtLastColon(key.slice(temporaryPrefix.length));
    return { kind: 'temporary', ...parseOwner(owner), token };
  }
  return key.startsWith(prefix) ? { kind: 'hash', ...parseOwner(key.slice(prefix.length)) } : undefined;
}

function parseOwner(text: string) {
  const [userID, name] = splitAtLastColon(text);
  return { userID, platformID: platformIDs.find((id) => platformName(id) === name) };
}

function splitAtLastColon(text: string): [string, string] {
  const colon = text.lastIndexOf(':');
  return [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
}
