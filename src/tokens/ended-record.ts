/** What becomes of a token's record by what is known of its end. */
import { effectiveCutoff, isMeantButOne } from './cutoffs.ts';
import { type KnownEnds, type TokenEnd, unknownPlatform } from './token-end-store.ts';
import { loginOf, type TokenRecord } from './token-store.ts';

/** A token as it has ended, with what else the store may still know of it. */
export function endedRecord(record: TokenRecord | undefined, end: TokenEnd): TokenRecord {
  if (record !== undefined && isUnknown(end)) {
    const { state, reason, acceptedUntil } = end;
    return { ...record, state, reason, acceptedUntil };
  }
  return { deviceName: '', lastSeenAt: 0, ...record, ...end };
}

export function isUnknown({ platformID }: Pick<TokenEnd, 'platformID'>): boolean {
  return platformID === unknownPlatform;
}

export function hasEnded({ state }: Pick<TokenRecord, 'state'>): boolean {
  return state === 'kicked' || state === 'revoked';
}

/** The user's own cutoffs alone. */
export function isCutOff(record: TokenRecord, { cutoffs, cutoffsButOne }: Omit<KnownEnds, 'end'>): boolean {
  return (
    lastMoment(loginOf(record), record) < effectiveCutoff(record.platformID, cutoffs) ||
    isMeantButOne({ ...record, issuedAt: lastMoment(record.issuedAt, record) }, cutoffsButOne)
  );
}

/** OpenIM's tokens, named by a hash, say to the second when they were issued: who logs in right after a logout is not meant. */
function lastMoment(instant: number, { jti }: Pick<TokenRecord, 'jti'>): number {
  return jti.startsWith('h:') ? instant + 999 : instant;
}

export function cutOff(record: TokenRecord): TokenRecord {
  return { ...record, state: 'revoked', reason: 'revoked', acceptedUntil: 0 };
}
