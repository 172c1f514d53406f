/** What offline push needs of a durable store to know devices. Suite: test/contract/push-token-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { PushToken } from './push-token.ts';

export interface PushTokenStore {
  /** In the place of the one that the user had on the platform; whoever else had the same token has it no longer. */
  put(tx: Transaction, token: PushToken): Promise<void>;
  /** Of a user's platform. */
  remove(userID: string, platformID: number): Promise<void>;
  /** Those that were registered by these login tokens of the user. */
  removeOfLogins(userID: string, jtis: readonly string[]): Promise<void>;
  /**
   * Those registered before then (Unix ms): of a user or, if empty, of everybody; platform 0 is every platform.
   * @param spares the login token whose device stays
   */
  removeBefore(userID: string, platformID: number, before: number, spares?: string): Promise<void>;
  /** A login goes on under a new login token. */
  follow(userID: string, jti: string, successor: string): Promise<void>;
  /** Those which the service no longer knows, unless they were registered anew since. */
  removeDead(tokens: readonly PushToken[]): Promise<void>;
  /** Those of these users that have not expired, ordered by user and platform. @param now Unix ms */
  of(userIDs: readonly string[], now: number): Promise<readonly PushToken[]>;
}

/** The number that an application last showed on its icon. Suite: test/contract/push-token-store.suite.ts. */
export interface BadgeStore {
  set(userID: string, count: number): Promise<void>;
  /** By userID; users who never set one are not in it. */
  of(userIDs: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
