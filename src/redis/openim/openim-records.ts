/** What OpenIM's keys say of a token, judged by what it says of itself, and the record that ours keeps of it. */
import { ProtocolError } from '../../protocol/errors.ts';
import type { TokenClaims, TokenCodec } from '../../tokens/claims.ts';
import { keyMark } from '../../tokens/signing-keys.ts';
import type { TokenRecord } from '../../tokens/token-store.ts';
import { type HashOwner, openimStatus } from './openim-layout.ts';

/** A token that verifies, and what OpenIM's keys say of it. */
export type Finding = OpenimState & { readonly claims: TokenClaims };

export type OpenimState =
  | { readonly state: 'live' | 'kicked' }
  /** Unix ms, exclusive. */
  | { readonly state: 'superseded'; readonly acceptedUntil: number };

/**
 * Why a token is nothing to take in. misplaced: it is another user's or platform's, and OpenIM would not find it.
 * invalid: it has a state that OpenIM refuses.
 */
export type TokenFlaw = 'expired' | 'wrongSecret' | 'malformed' | 'misplaced' | 'invalid';

/**
 * @param field of one of OpenIM's hashes
 * @param now Unix ms
 */
export function readOpenimField(
  codec: TokenCodec,
  [token, status]: readonly [string, string],
  owner: HashOwner,
  now: number,
): Finding | TokenFlaw {
  const claims = readOpenimToken(codec, token, owner, now);
  if (typeof claims === 'string') return claims;
  switch (status) {
    case openimStatus.normal:
      return { claims, state: 'live' };
    case openimStatus.kicked:
      return { claims, state: 'kicked' };
    default:
      return 'invalid';
  }
}

/** Goes by signature and times alone. @param now Unix ms */
export function readOpenimToken(
  codec: TokenCodec,
  token: string,
  { userID, platformID }: HashOwner,
  now: number,
): TokenClaims | TokenFlaw {
  try {
    const claims = codec.verify(token, now);
    return claims.userID === userID && claims.platformID === platformID ? claims : 'misplaced';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return flawOf(error);
  }
}

/** With the end that the token was promised, whatever becomes of OpenIM's key. */
export function openimRecord(claims: TokenClaims, as: OpenimState): TokenRecord {
  const { jti, userID, platformID, issuedAt, expiresAt } = claims;
  return {
    ...{ jti, userID, platformID, issuedAt, expiresAt },
    state: as.state,
    reason: as.state === 'kicked' ? 'openim' : '',
    acceptedUntil: as.state === 'superseded' ? as.acceptedUntil : 0,
    deviceName: '',
    lastSeenAt: 0,
    keyMark: keyMark(claims.kid),
  };
}

function flawOf({ code }: ProtocolError): TokenFlaw {
  switch (code) {
    case 1501:
      return 'expired';
    case 1505:
      return 'wrongSecret';
    default:
      return 'malformed';
  }
}

/** Fields of a hash, from the flat list that Redis answers. */
export function pairsOf(flat: readonly string[]): (readonly [field: string, value: string])[] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? '']);
}

/** Whether a key is not of the type that the command is for. */
export function isOtherType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}
