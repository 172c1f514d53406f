/**
 * The contract for whatever keeps the audit trail of tokens: who did what to which token, and why. Never a token (T6).
 * Suite: test/contract/token-event-store.suite.ts.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';

export const tokenEventKinds = [
  'issued',
  'renewed',
  'kicked',
  'revoked',
  'imported',
  'refused',
  'lost',
  'cutoff',
] as const;
export type TokenEventKind = (typeof tokenEventKinds)[number];

/** One entry. Every text is bounded, and empty where there is nothing to say. */
export interface TokenEvent {
  /** Unix ms. */
  readonly at: number;
  readonly kind: TokenEventKind;
  /** Whose token. Of a cutoff, empty: everyone's. */
  readonly userID: string;
  /** Of a cutoff, 0: every platform. */
  readonly platformID: number;
  readonly jti: string;
  /** Who did it: a userID, `client:` and an OAuth client's ID, `address:` and an IP address, or nobody in particular. */
  readonly actor: string;
  readonly reason: string;
  readonly operationID: string;
}

export interface StoredTokenEvent extends TokenEvent {
  /** Rises with every entry, perhaps with gaps. */
  readonly id: number;
}

export interface TokenEventQuery {
  /** Undefined: of all. */
  readonly userID: string | undefined;
  /** Empty: all. */
  readonly kinds: readonly TokenEventKind[];
  /** Undefined: from the newest on. */
  readonly beforeID: number | undefined;
  readonly limit: number;
}

export interface TokenEventStore {
  /** Adds entries in their order: all of them or, on rejection, none. */
  append(events: readonly TokenEvent[]): Promise<void>;

  /** Newest first. */
  find(query: TokenEventQuery): Promise<readonly StoredTokenEvent[]>;

  /** Forgets all but the newest `keep` entries, in small steps. Returns how many. */
  trim(keep: number): Promise<number>;

  /** Forgets the oldest entries, at most `limit`, as far as they are older than `until` (Unix ms). Returns how many. */
  forget(tx: Transaction, until: number, limit: number): Promise<number>;
}
