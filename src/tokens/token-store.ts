/**
 * The contract for whatever remembers issued tokens. Every token has its own end, given at issue, which nothing moves
 * (T1). Suite: test/contract/token-store.suite.ts.
 */
import type { PolicyGroup } from './policy.ts';

/**
 * live: accepted until `expiresAt`. superseded: an older admin token, accepted until `acceptedUntil`. kicked and
 * revoked: not accepted, and remembered as such until `expiresAt` (T4).
 */
export type TokenState = 'live' | 'superseded' | 'kicked' | 'revoked';

/** Why a token was ended: by a newer login, by a newer connection, by /auth/force_logout. */
export type TokenEndReason = 'policy' | 'displaced' | 'forced';

export interface NewToken {
  readonly jti: string;
  readonly userID: string;
  readonly platformID: number;
  /** Unix ms. */
  readonly issuedAt: number;
  /** Unix ms, exclusive. */
  readonly expiresAt: number;
}

export interface TokenRecord extends NewToken {
  readonly state: TokenState;
  /** Empty unless kicked or revoked. */
  readonly reason: TokenEndReason | '';
  /** Unix ms, exclusive; 0 unless superseded. */
  readonly acceptedUntil: number;
}

export interface IssueRequest {
  /** Its `issuedAt` is also the instant at which other tokens are judged expired or not. */
  readonly record: NewToken;
  readonly groups: readonly PolicyGroup[];
  /** Live tokens of the record's own platform become superseded, accepted until `acceptedUntil` (Unix ms). */
  readonly supersedePlatform?: { readonly acceptedUntil: number };
}

/** The tokens that an issue ended, as they are now. */
export interface IssueOutcome {
  readonly kicked: readonly TokenRecord[];
  readonly superseded: readonly TokenRecord[];
}

export type TokenSelector = { readonly jtis: readonly string[] } | { readonly platformID: number };

export interface TokenStore {
  /**
   * Kicks what `groups` leave no room for, supersedes, and stores the new token as live: all of it or, on rejection,
   * nothing (T3). Concurrent issues for one user take effect one after the other on all nodes; of two within one
   * millisecond the one that took effect later is the newer.
   */
  issue(request: IssueRequest): Promise<IssueOutcome>;

  /** The token as it is now; undefined if it was never stored or has expired. */
  find(userID: string, jti: string): Promise<TokenRecord | undefined>;

  /**
   * Ends the selected tokens that are live or superseded and returns those, as they are now. Others stay as they are:
   * nothing is resurrected, extended or created.
   */
  kick(
    userID: string,
    selector: TokenSelector,
    reason: TokenEndReason,
    state: 'kicked' | 'revoked',
  ): Promise<readonly TokenRecord[]>;

  /** All unexpired tokens of a user in whatever state, newest first. */
  list(userID: string): Promise<readonly TokenRecord[]>;

  /** Forgets tokens that have expired, for stores where they do not go by themselves. Returns how many. */
  sweepExpired(): Promise<number>;

  /** Resolves if the store answers; rejects otherwise. */
  ping(): Promise<void>;
}
