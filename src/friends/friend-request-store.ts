/** What requests to become friends need from a durable store. Suite: test/contract/friend-request-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { FriendRequest } from './friend.ts';

/** The requests that one user has received or sent. */
export interface FriendRequestFilter {
  readonly userID: string;
  readonly side: 'received' | 'sent';
  /** Only of these states; of all without any. */
  readonly results: readonly number[];
  /** Only those made later, Unix ms. */
  readonly after?: number;
}

export interface FriendRequestStore {
  /** In place of what there was between the two in this direction. */
  put(tx: Transaction, request: FriendRequest): Promise<void>;
  /** As of the transaction. */
  find(tx: Transaction, fromUserID: string, toUserID: string): Promise<FriendRequest | undefined>;
  /** Of both directions. */
  between(userA: string, userB: string): Promise<readonly FriendRequest[]>;
  /** The newest first. */
  list(filter: FriendRequestFilter, offset: number, limit: number): Promise<readonly FriendRequest[]>;
  count(filter: FriendRequestFilter): Promise<number>;
}
