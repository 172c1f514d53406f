/** Requests to join groups in a durable store. Suite: test/contract/group-request-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { GroupRequest } from './group.ts';

/** Which requests are meant; an empty list means all. */
export interface RequestFilter {
  readonly groupIDs?: readonly string[];
  readonly userID?: string;
  /** See handleResults. */
  readonly results?: readonly number[];
  /** Only those that were made later, Unix ms. */
  readonly after?: number;
}

export interface GroupRequestStore {
  /** In place of an earlier one of the same user for the same group. */
  put(tx: Transaction, requests: readonly GroupRequest[]): Promise<void>;
  /** As of the transaction, if there is one. */
  find(groupID: string, userID: string, tx?: Transaction): Promise<GroupRequest | undefined>;
  /** Those of the given users, in no order. */
  findMany(groupID: string, userIDs: readonly string[]): Promise<readonly GroupRequest[]>;
  /** Newest first. */
  list(filter: RequestFilter, offset: number, limit: number): Promise<readonly GroupRequest[]>;
  count(filter: RequestFilter): Promise<number>;
}
