/** Who joins and leaves groups, for the gateway's index of who is online in which group. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { GroupMemberStore } from './group-member-store.ts';

interface MembershipChange {
  readonly kind: 'joined' | 'left';
  readonly userID: string;
  readonly groupID: string;
}

type Listener = (change: MembershipChange) => void;

/** Implements GroupMemberships of the gateway. */
export class MembershipFeed {
  readonly #store: Pick<GroupMemberStore, 'groupIDsOf'>;
  readonly #listeners = new Set<Listener>();

  constructor(store: Pick<GroupMemberStore, 'groupIDsOf'>) {
    this.#store = store;
  }

  groupIDsOf(userID: string): Promise<readonly string[]> {
    return this.#store.groupIDsOf(userID);
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells it once the transaction has committed: before whatever is sent because of it. */
  announce(tx: Transaction, kind: MembershipChange['kind'], groupID: string, userIDs: readonly string[]): void {
    tx.afterCommit(() => {
      for (const userID of userIDs) for (const listener of this.#listeners) listener({ kind, userID, groupID });
    });
  }
}
