/**
 * The contract for whatever keeps for good what ended tokens before their time, beside a token store that may forget.
 * Suite: test/contract/token-end-store.suite.ts.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Cutoffs, CutoffsButOne } from './cutoffs.ts';
import type { TokenKey, TokenRecord } from './token-store.ts';

/**
 * A token that is kicked, revoked or superseded. Its label and when it was last seen are not kept. One of which only its
 * name was known when it was ended has {@link unknownPlatform}, and the end that any token may have.
 */
export type TokenEnd = Omit<TokenRecord, 'deviceName' | 'lastSeenAt'>;

/** Tokens of a user, empty for everyone, on a platform, 0 for all, that were issued before an instant. */
export interface KeptCutoff {
  readonly userID: string;
  readonly platformID: number;
  /** Unix ms. */
  readonly notBefore: number;
  /** Unix ms: no token from before it lives longer. */
  readonly keepUntil: number;
}

/** In the place of a platform ID. */
export const unknownPlatform = 0;

/** A user's tokens that were issued before an instant, all but one: see {@link CutoffsButOne}. */
export interface KeptCutoffButOne extends KeptCutoff {
  /** A jti. */
  readonly spares: string;
}

export interface KnownEnds {
  readonly end: TokenEnd | undefined;
  /** The user's own. */
  readonly cutoffs: Cutoffs;
  /** The user's own. */
  readonly cutoffsButOne: CutoffsButOne;
}

export interface TokenEndStore {
  /**
   * All or, on rejection, none. A superseded token may be kicked later; nothing undoes a kick.
   * @param also what else goes into the transaction, by those of `ends` that are new
   */
  record(
    ends: readonly TokenEnd[],
    also?: (tx: Transaction, written: readonly TokenEnd[]) => Promise<void>,
  ): Promise<void>;

  /**
   * Moves a cutoff forward; one that is as late already stays.
   * @param also what else goes into the transaction, if it moves
   */
  cutOff(cutoff: KeptCutoff, also?: (tx: Transaction) => Promise<void>): Promise<void>;

  /** The same for one that spares a token: of a user and platform only the latest counts. */
  cutOffButOne(cutoff: KeptCutoffButOne): Promise<void>;

  /** With an `expiresAt` that is not the token's own, perhaps only what is known by its name alone. */
  find(token: TokenKey): Promise<KnownEnds>;

  /**
   * The ends of those of a user's tokens that are kept, by their names, whatever their own `expiresAt`; none of tokens that
   * have expired by `now`. May walk over all ends that there are.
   */
  findByNames(userID: string, jtis: readonly string[], now: number): Promise<readonly TokenEnd[]>;

  /** How many tokens of a user are known by their names alone. @param now Unix ms */
  countUnknown(userID: string, now: number): Promise<number>;

  everyonesCutoffs(): Promise<Cutoffs>;

  /**
   * A page of the ends of tokens that expire after `now`, in an order of its own.
   * @param after the last one of the page before
   * @param now Unix ms
   */
  ends(after: TokenKey | undefined, now: number, limit: number): Promise<readonly TokenEnd[]>;

  /** A page of the cutoffs that are still to be kept at `now`, in an order of its own. */
  cutoffs(
    after: Pick<KeptCutoff, 'userID' | 'platformID'> | undefined,
    now: number,
    limit: number,
  ): Promise<readonly KeptCutoff[]>;

  /** The same of those that spare a token. */
  cutoffsButOne(
    after: Pick<KeptCutoff, 'userID' | 'platformID'> | undefined,
    now: number,
    limit: number,
  ): Promise<readonly KeptCutoffButOne[]>;

  /** Forgets what concerns only tokens that have expired by `now`. Returns how many ends went. */
  sweep(now: number): Promise<number>;
}
