/**
 * What goes with a login and ends with it, such as the device that it has registered to be woken. It follows within the
 * transaction that notes the end of a token: neither is on disk without the other, and what fails is tried again as one.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { KeptCutoff, KeptCutoffButOne } from './token-end-store.ts';
import type { Successor, TokenRecord } from './token-store.ts';

export interface LoginFollower {
  /** These tokens have ended for good; it may be told of some again. */
  endLogins(tx: Transaction, logins: readonly LoginName[]): Promise<void>;
  renewLogins(tx: Transaction, renewals: readonly Renewal[]): Promise<void>;
  cutOffLogins(tx: Transaction, cutoff: LoginCutoff): Promise<void>;
}

export type LoginName = Pick<TokenRecord, 'userID' | 'jti'>;

/** A login goes on under another token. */
export interface Renewal extends LoginName {
  readonly successor: Successor;
}

export type LoginCutoff = Omit<KeptCutoff, 'keepUntil'> & Partial<Pick<KeptCutoffButOne, 'spares'>>;

/** Of tokens that have been superseded those that were renewed. */
export function renewalsAmong(
  tokens: readonly (LoginName & Pick<TokenRecord, 'state' | 'successor'>)[],
): readonly Renewal[] {
  return tokens.flatMap(({ userID, jti, state, successor }) =>
    state === 'superseded' && successor !== undefined ? [{ userID, jti, successor }] : [],
  );
}
