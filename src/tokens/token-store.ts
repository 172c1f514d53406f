/**
 * The contract for whatever remembers issued tokens. Every token has its own end, given at issue, which nothing moves
 * (T1). Suite: test/contract/token-store.suite.ts.
 */
import type { TokenClaims } from './claims.ts';
import type { Cutoffs, CutoffsButOne } from './cutoffs.ts';
import type { PolicyGroup } from './policy.ts';
import type { Telling } from './token-teller.ts';

/**
 * live: accepted until `expiresAt`. superseded: an older admin token or one that was renewed, accepted until
 * `acceptedUntil`. kicked and revoked: not accepted, and remembered as such until `expiresAt` (T4).
 */
export type TokenState = 'live' | 'superseded' | 'kicked' | 'revoked';

/**
 * Why a token was ended: by a newer login, by a newer connection, by /auth/force_logout, by one of the revocations, by
 * an OpenIM server on the same Redis.
 */
export type TokenEndReason = 'policy' | 'displaced' | 'forced' | 'revoked' | 'openim';

export interface NewToken {
  readonly jti: string;
  readonly userID: string;
  readonly platformID: number;
  /** Unix ms. */
  readonly issuedAt: number;
  /** Unix ms, exclusive, a whole second. */
  readonly expiresAt: number;
  /** The caller's label for lists; may be empty. */
  readonly deviceName: string;
  /** The mark of the key that signed it: see `keyMark`. Absent where nobody noted it, as earlier versions did not. */
  readonly keyMark?: string;
}

/** What took a token's place when it was renewed: enough to make the same token again for whoever lost the answer. */
export interface Successor {
  readonly jti: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

export interface TokenRecord extends NewToken {
  readonly state: TokenState;
  /** Empty unless kicked or revoked. */
  readonly reason: TokenEndReason | '';
  /** Unix ms, exclusive; 0 unless superseded. */
  readonly acceptedUntil: number;
  /** Unix ms, to about a minute; 0 if never. */
  readonly lastSeenAt: number;
  /** Unix ms: the login that the first of a row of renewals goes back to. Absent unless renewed: see {@link loginOf}. */
  readonly loginAt?: number;
  /** Present in a token that was renewed. */
  readonly successor?: Successor;
}

/** When the session of a token began, Unix ms: what cutoffs are about, as renewing must not escape them. */
export function loginOf({ issuedAt, loginAt }: Pick<TokenRecord, 'issuedAt' | 'loginAt'>): number {
  return loginAt ?? issuedAt;
}

/** What names a token and says when it ends, as its claims do. */
export type TokenKey = Pick<NewToken, 'userID' | 'jti' | 'expiresAt'>;

/** A token that somebody has shown, whose signature is right. */
export interface PresentedToken {
  readonly claims: TokenClaims;
  readonly text: string;
}

/** Which live tokens a new one takes the place of; they become superseded. */
export interface Supersession {
  /**
   * A token that must be live for the issue to happen at all (a renewal), whose login the new one's is and whose
   * successor the new one becomes; or every one on the new token's platform.
   */
  readonly which: { readonly jti: string } | 'platform';
  /** Unix ms, exclusive. */
  readonly acceptedUntil: number;
}

export interface IssueRequest {
  /** Its `issuedAt` is also the instant at which other tokens are judged expired or not. */
  readonly record: NewToken;
  readonly groups: readonly PolicyGroup[];
  readonly supersede?: Supersession;
  /** Those in effect for everyone: tokens whose login was before them do not count as live. The user's own the store knows. */
  readonly everyonesCutoffs: Cutoffs;
  /** Of an issue that happens. Whoever keeps tokens elsewhere than in the durable database leaves it to who stands before it. */
  readonly tell?: Telling<IssueOutcome> | undefined;
}

/** The tokens that an issue ended, as they are now. */
export interface IssueOutcome {
  /** False if the token to renew was not live: then nothing has happened. */
  readonly isIssued: boolean;
  readonly kicked: readonly TokenRecord[];
  readonly superseded: readonly TokenRecord[];
}

/** A user's tokens and the cutoffs that are the user's own; a record's state does not reflect cutoffs. */
export interface UserTokens {
  /** Unexpired, in whatever state, newest first. */
  readonly tokens: readonly TokenRecord[];
  /** Where the next page begins; undefined if there is none. */
  readonly next?: TokenPlace | undefined;
  readonly cutoffs: Cutoffs;
}

/** A token's place in the order of a user's issues; tokens of one order are told apart by their jti. */
export interface TokenPlace {
  readonly issueOrder: number;
  readonly jti: string;
}

/** A piece of a user's list. */
export interface TokenPage {
  /** Where the page before ended. */
  readonly after?: TokenPlace | undefined;
  readonly limit: number;
}

/** What those look at who want the newest only. */
export const firstTokens: TokenPage = { limit: 1000 };

export interface FoundToken {
  /** Undefined if it was never stored or has expired. */
  readonly record: TokenRecord | undefined;
  /** The user's own. */
  readonly cutoffs: Cutoffs;
  /** The user's own, where there is no record that they could have ended. */
  readonly cutoffsButOne?: CutoffsButOne;
  /** The store had lost it, and has taken it in again just now. */
  readonly isTakenBack?: true;
}

/** Tokens by name, or all on some platforms that are accepted now, but one. */
export type TokenSelector =
  | { readonly jtis: readonly string[] }
  | { readonly platformIDs: readonly number[]; readonly exceptJti?: string };

/** What ended tokens, and where; as every node hears it. */
export type TokenChange =
  | {
      readonly kind: 'ended';
      readonly userID: string;
      readonly tokens: readonly Pick<TokenRecord, 'jti' | 'platformID'>[];
      readonly reason: TokenEndReason;
    }
  | {
      readonly kind: 'superseded';
      readonly userID: string;
      readonly jtis: readonly string[];
      readonly acceptedUntil: number;
    }
  | { readonly kind: 'cutoff'; readonly userID: string; readonly platformID: number; readonly notBefore: number }
  | {
      readonly kind: 'cutoffButOne';
      readonly userID: string;
      readonly platformID: number;
      readonly notBefore: number;
      /** The jti of the token that it does not mean. */
      readonly spares: string;
    };

export interface TokenChangeListener {
  /** At least once for every change by any node, this one included, while not lost. */
  onChange(change: TokenChange): void;
  /** From now on changes may be missed. */
  onLost(): void;
  /** From now on none is. Those since `onLost` have been. */
  onRestored(): void;
}

export interface TokenWatch extends AsyncDisposable {
  /**
   * Whether every change up to a moment ago has been heard. Judged when it is asked, so that a process that stood still
   * and whose timers have not run yet is not taken for one that heard nothing because there was nothing.
   */
  isFresh(): boolean;
}

export interface TokenStore {
  /**
   * Kicks what `groups` leave no room for, supersedes, and stores the new token as live: all of it or, on rejection,
   * nothing (T3). Concurrent issues for one user take effect one after the other on all nodes; of two within one
   * millisecond the one that took effect later is the newer, if it had groups to look at. No cutoff that is there already counts against the new one.
   * @param text the signed token, for a store that other servers than ours look into; others never keep it (T6)
   */
  issue(request: IssueRequest, text?: string): Promise<IssueOutcome>;

  /**
   * The token as it is now.
   * @param presented the token itself, where somebody has shown it: it may be one that another server issued
   * @throws 1505 for one in a state that its issuer calls invalid; the store's failure
   */
  find(token: TokenKey, presented?: PresentedToken): Promise<FoundToken>;

  /**
   * Ends the selected tokens that are live or superseded and returns those, as they are now. Others stay as they are:
   * nothing is resurrected, extended or created. A store that may forget sees to it that those which it has lost are
   * not taken in again; they are not among those returned.
   * @param tell of those that were ended; see {@link IssueRequest}
   * @throws 1001 where more lost ones would have to be remembered than may be
   */
  kick(
    userID: string,
    selector: TokenSelector,
    reason: TokenEndReason,
    state: 'kicked' | 'revoked',
    tell?: Telling<readonly TokenRecord[]>,
  ): Promise<readonly TokenRecord[]>;

  /** Costs what the page and the user's live tokens cost, however many others there are. */
  list(userID: string, page?: TokenPage): Promise<UserTokens>;

  /**
   * Moves a cutoff forward; one that is as late already stays, and nobody is told.
   * @param userID empty: everyone
   * @param platformID or {@link allPlatforms}
   * @param keepUntil Unix ms: how long the cutoff is kept at least; a user's also as long as the user's tokens live
   * @param tell if it moves; see {@link IssueRequest}
   * @returns whether it moved
   */
  cutOff(
    userID: string,
    platformID: number,
    notBefore: number,
    keepUntil: number,
    tell?: Telling<void>,
  ): Promise<boolean>;

  /** Tells all who watch of a change to what this store does not know. */
  announce(change: TokenChange): Promise<void>;

  /** The cutoffs for everyone. */
  everyonesCutoffs(): Promise<Cutoffs>;

  /**
   * Takes in a token that another server issued, as `record` has it, unless it is known already: then it stays as it is.
   * @returns as it is now; undefined if it has ended by the store's own clock
   */
  adopt(record: TokenRecord): Promise<TokenRecord | undefined>;

  /** Notes when tokens of one user were last used; for tokens that are gone nothing happens. */
  touch(userID: string, jtis: readonly string[], seenAt: number): Promise<void>;

  /** Live tokens by platform. Reads everything: for a look now and then. */
  countLive(): Promise<ReadonlyMap<number, number>>;

  /**
   * Why the store may have forgotten a token that it was given: a word for metrics and events such as `eviction`,
   * `flush`, `restart`, `failover` or `unknown`.
   * @param issuedAt Unix ms
   */
  explainLoss(userID: string, issuedAt: number): Promise<LossCause>;

  /**
   * Whether superseded tokens of the user may have been forgotten in good order: of those past their grace only the
   * newest few are kept, as they are refused either way.
   */
  hasForgotten(userID: string): Promise<boolean>;

  /**
   * Tells of changes by all nodes, if there can be others. Stores of one process never call: their only node knows.
   * @throws if it cannot begin
   */
  watch(listener: TokenChangeListener): Promise<TokenWatch>;

  /** Forgets tokens that have expired, for stores where they do not go by themselves. Returns how many. */
  sweepExpired(): Promise<number>;

  /** Resolves if the store answers; rejects otherwise. */
  ping(): Promise<void>;
}

export type LossCause = 'eviction' | 'flush' | 'restart' | 'failover' | 'unknown';
