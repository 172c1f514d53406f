/** A user's tokens as people look at them: what each one's state comes to now, newest first, page by page. */
import { errors } from '../protocol/errors.ts';
import { type Cutoffs, effectiveCutoff } from './cutoffs.ts';
import type { SigningKeys } from './signing-keys.ts';
import { loginOf, type TokenPage, type TokenPlace, type TokenRecord, type UserTokens } from './token-store.ts';

export interface TokenListRequest {
  readonly userID: string;
  /** Where the page before ended; empty for the first. */
  readonly cursor: string;
  /** 0: {@link defaultPageSize}. */
  readonly limit: number;
}

export interface ListedToken extends TokenRecord {
  /** Whether its key no longer verifies: whatever its state, it is refused. */
  readonly isKeyRetired: boolean;
}

export interface TokenListPage {
  readonly tokens: readonly ListedToken[];
  /** Empty after the last page. */
  readonly nextCursor: string;
}

const defaultPageSize = 50;
const maxPageSize = 500;

/** What to ask the store for. @throws 1001 limit out of range or unreadable cursor */
export function pageAsked({ cursor, limit }: TokenListRequest): TokenPage {
  return { limit: pageSizeOf(limit), after: placeOf(cursor) };
}

export interface HowThingsAre {
  readonly everyones: Cutoffs;
  readonly keys: Pick<SigningKeys, 'isRetired'>;
  /** Unix ms. */
  readonly now: number;
}

export function showTokens(
  { tokens, next, cutoffs }: UserTokens,
  { everyones, keys, now }: HowThingsAre,
): TokenListPage {
  return {
    tokens: tokens.map((token) => ({
      ...asItIsNow(token, effectiveCutoff(token.platformID, cutoffs, everyones), now),
      isKeyRetired: keys.isRetired(token.keyMark),
    })),
    nextCursor: next === undefined ? '' : `${next.issueOrder}.${next.jti}`,
  };
}

/** What a request's `limit` means. @throws 1001 */
export function pageSizeOf(limit: number): number {
  if (limit === 0) return defaultPageSize;
  if (!Number.isInteger(limit) || limit < 1 || limit > maxPageSize) {
    throw errors.args(`limit must be 1 to ${maxPageSize}`);
  }
  return limit;
}

/** A cutoff or the end of a grace leaves the record as it is; what they mean for it is decided when it is looked at. */
function asItIsNow(token: TokenRecord, cutoff: number, now: number): TokenRecord {
  const isAccepted = token.state === 'live' || token.state === 'superseded';
  if (isAccepted && loginOf(token) < cutoff) return { ...token, state: 'revoked', reason: 'revoked', acceptedUntil: 0 };
  if (token.state === 'superseded' && token.acceptedUntil <= now) return { ...token, acceptedUntil: 0 };
  return token;
}

function placeOf(cursor: string): TokenPlace | undefined {
  if (cursor === '') return undefined;
  const [, issueOrder, jti = ''] = /^(\d{1,16})\.([\w:-]+)$/.exec(cursor) ?? [];
  if (issueOrder === undefined) throw errors.args('cursor is not one that this endpoint gave');
  return { issueOrder: Number(issueOrder), jti };
}
