/**
 * Tokens that OpenIM issued and keeps in the same Redis, for the time of a move. The authority asks; the Redis layer
 * knows OpenIM's layout. Protocol: rest-core.md 5.4.
 */
import type { TokenClaims } from './claims.ts';
import type { TokenRecord } from './token-store.ts';

export interface LegacyTokens {
  /**
   * What is to be believed of a token that verifies, given what our store knows of it. A token of OpenIM's that ours
   * does not know yet is adopted: it gets a key and an end of its own. Where the work is shared, one that an OpenIM
   * server has kicked is kicked here too.
   * @returns undefined if neither knows it
   * @throws 1505 for a state that OpenIM calls invalid; the store's failure
   */
  check(claims: TokenClaims, token: string, known: TokenRecord | undefined): Promise<TokenRecord | undefined>;

  /**
   * Adopts all of a user's, so that what is done to the user's tokens next finds every one.
   * @throws the store's failure
   */
  adoptAll(userID: string): Promise<void>;

  /** Writes a token of ours where OpenIM's servers look, if they share the work and have nothing of it. Never throws. */
  mirrorIssued(record: MirroredToken, token: string): Promise<void>;

  /** Marks tokens where OpenIM's servers look, if they share the work. Never throws. */
  mirrorEnded(userID: string, tokens: readonly MirroredEnd[]): Promise<void>;

  /**
   * Begins to hear of tokens that OpenIM's servers end, if they share the work: they then end here too.
   * @throws if it cannot begin
   */
  watch(): Promise<AsyncDisposable>;
}

export type MirroredToken = Pick<TokenRecord, 'userID' | 'platformID' | 'expiresAt'>;

/** Of a token that is kicked, revoked or superseded. */
export type MirroredEnd = Pick<TokenRecord, 'jti' | 'platformID' | 'state' | 'acceptedUntil'>;
