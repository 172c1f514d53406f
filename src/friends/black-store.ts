/** What black lists need from a durable store. Suite: test/contract/black-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Black, PlacedBlack } from './friend.ts';

export interface BlackStore {
  /** @returns false if the user is blocked already, who is left as is */
  add(tx: Transaction, black: PlacedBlack): Promise<boolean>;
  /** @returns false if the user is not blocked */
  remove(tx: Transaction, ownerUserID: string, blockedUserID: string): Promise<boolean>;
  /** Those of `userIDs` who are blocked by the owner, in no order. */
  find(ownerUserID: string, userIDs: readonly string[]): Promise<readonly Black[]>;
  /** As they came. */
  list(ownerUserID: string, offset: number, limit: number): Promise<readonly Black[]>;
  /** As of the transaction, if there is one. */
  count(ownerUserID: string, tx?: Transaction): Promise<number>;
}
