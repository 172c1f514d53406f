/** What the users domain needs from a durable store. Suite: test/contract/user-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { User, UserChanges } from './user.ts';

export interface UserStore {
  /**
   * Adds those users whose ID is free, leaving the others as they are; their IDs are distinct. A concurrent addition of
   * the same ID is waited for.
   * @returns the IDs that were added
   */
  add(tx: Transaction, users: readonly User[]): Promise<ReadonlySet<string>>;

  /** The registered ones among `userIDs`, each once, in no order; as of the transaction, if there is one. */
  find(userIDs: readonly string[], tx?: Transaction): Promise<readonly User[]>;

  /** The user's appManagerLevel; undefined if not registered. For what every login asks: a user's row is read once. */
  levelOf(userID: string): Promise<number | undefined>;

  /** The user as of now, whom nobody else changes until the transaction ends; undefined if not registered. */
  lock(tx: Transaction, userID: string): Promise<User | undefined>;

  /**
   * Nobody changes these users until the transaction ends. To be called by whoever makes a profile show in one more place,
   * before it is read: whoever changes it then comes before, and is read, or after, and finds that place.
   */
  hold(tx: Transaction, userIDs: readonly string[]): Promise<void>;

  /** @returns false if there is no such user */
  update(tx: Transaction, userID: string, changes: UserChanges): Promise<boolean>;

  /** In order of their IDs. */
  list(filter: UserFilter, offset: number, limit: number): Promise<readonly User[]>;
  count(filter: UserFilter): Promise<number>;
  /** IDs of all users, in their order. */
  ids(offset: number, limit: number): Promise<readonly string[]>;
  /** How many were registered on each day of UTC, by its number since 1970; from `from` on and before `until`, Unix ms. */
  registrations(from: number, until: number): Promise<ReadonlyMap<number, number>>;
}

/** Which users are meant; what is absent does not matter. */
export interface UserFilter {
  /** appManagerLevel, both ends included. */
  readonly minLevel?: number;
  readonly maxLevel?: number;
  /** Registered before, Unix ms. */
  readonly registeredBefore?: number;
  readonly nickname?: string;
  /** Either is enough: the ID holds the one, or the nickname the other; case of ASCII letters is ignored. */
  readonly holding?: { readonly userID?: string; readonly nickname?: string };
  readonly except?: readonly string[];
}
