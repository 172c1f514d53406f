/** A user's tokens as people look at them: what each one's state comes to now, newest first, page by page. */
import { errors } from '../protocol/errors.ts';
import { type Cutoffs, effectiveCutoff } from './cutoffs.ts';
import type { TokenRecord } from './token-store.ts';

export interface TokenListRequest {
  readonly userID: string;
  /** Where the page before ended; empty for the first. */
  readonly cursor: string;
  /** 0: {@link defaultPageSize}. */
  readonly limit: number;
}

export interface TokenListPage {
  readonly tokens: readonly TokenRecord[];
  /** Empty after the last page. */
  readonly nextCursor: string;
}

const defaultPageSize = 50;
const maxPageSize = 500;

/**
 * @param tokens newest first
 * @throws 1001 limit out of range or unreadable cursor
 */
export function pageOfTokens(
  tokens: readonly TokenRecord[],
  { request, cutoffs, now }: { request: TokenListRequest; cutoffs: readonly Cutoffs[]; now: number },
): TokenListPage {
  const limit = pageSizeOf(request.limit);
  const sorted = tokens.toSorted(byAge);
  const rest = request.cursor === '' ? sorted : sorted.filter(isAfter(request.cursor));
  const page = rest.slice(0, limit);
  return {
    tokens: page.map((token) => asItIsNow(token, effectiveCutoff(token.platformID, ...cutoffs), now)),
    nextCursor: rest.length > limit ? cursorOf(page.at(-1)) : '',
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
  if (isAccepted && token.issuedAt < cutoff) return { ...token, state: 'revoked', reason: 'revoked', acceptedUntil: 0 };
  if (token.state === 'superseded' && token.acceptedUntil <= now) return { ...token, acceptedUntil: 0 };
  return token;
}

/** Newest first; of one millisecond by jti, so that pages neither repeat nor leave out. */
function byAge(a: TokenRecord, b: TokenRecord): number {
  return b.issuedAt - a.issuedAt || (a.jti < b.jti ? -1 : 1);
}

function cursorOf(token: TokenRecord | undefined): string {
  return token === undefined ? '' : `${token.issuedAt}.${token.jti}`;
}

function isAfter(cursor: string): (token: TokenRecord) => boolean {
  const match = /^(\d{1,16})\.([\w:-]+)$/.exec(cursor);
  if (match === null) throw errors.args('cursor is not one that this endpoint gave');
  const [, issuedAt = '', jti = ''] = match;
  return (token) => token.issuedAt < Number(issuedAt) || (token.issuedAt === Number(issuedAt) && token.jti > jti);
}
