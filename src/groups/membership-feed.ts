/**
 * Who joins and leaves groups, for the gateway's index of who is online in which group; where there are several nodes, on
 * all of them.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { GroupVersion } from '../log/delivery.ts';
import type { OutgoingStore, OutgoingWord } from '../log/outgoing-store.ts';
import type { GroupMemberStore } from './group-member-store.ts';

interface MembershipChange {
  readonly kind: 'joined' | 'left';
  readonly userID: string;
  readonly groupID: string;
  readonly step?: MembershipStep | undefined;
}

/** Which change it is: of the group's members, and of the user's groups. */
export interface MembershipStep {
  readonly asOf: GroupVersion;
  readonly userVersion: number;
}

export interface JoinedGroups {
  /** The last change of the user's groups. */
  readonly userVersion: number;
  /** By group ID, the last change of its members. */
  readonly groups: ReadonlyMap<string, GroupVersion>;
}

export interface MemberChanges {
  readonly version: GroupVersion;
  /** The latest of each member, in the order of their versions. */
  readonly changes: readonly { readonly kind: 'joined' | 'left'; readonly userID: string; readonly version: number }[];
}

/** Memberships as nodes read them. */
export interface MembershipStore {
  joinedBy(userID: string): Promise<JoinedGroups>;
  /** Undefined if the group's log is not that one any more. */
  changesSince(groupID: string, since: GroupVersion): Promise<MemberChanges | undefined>;
}

/** How a node tells the others. */
export interface MembershipRelay {
  readonly outgoing: Pick<OutgoingStore, 'add'>;
  /** To be called after the commit. */
  say(word: OutgoingWord): void;
}

type Listener = (change: MembershipChange) => void;

/** Implements GroupMemberships of the gateway. */
export class MembershipFeed {
  readonly #store: Pick<GroupMemberStore, 'groupIDsOf'>;
  readonly #relay: MembershipRelay | undefined;
  readonly #listeners = new Set<Listener>();

  /** @param relay undefined where there are no other nodes */
  constructor(store: Pick<GroupMemberStore, 'groupIDsOf'>, relay?: MembershipRelay) {
    this.#store = store;
    this.#relay = relay;
  }

  groupIDsOf(userID: string): Promise<readonly string[]> {
    return this.#store.groupIDsOf(userID);
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Tells it once the transaction has committed: before whatever is sent because of it.
   * @param asOf the step of the group's log that it is
   * @param userVersions by user, the step of the log of their groups
   */
  async announce(tx: Transaction, { kind, groupID, asOf, userVersions }: Announcement): Promise<void> {
    if (userVersions.size === 0) return;
    const relay = this.#relay;
    if (relay === undefined) {
      tx.afterCommit(() => {
        for (const userID of userVersions.keys()) this.#tell({ kind, userID, groupID });
      });
      return;
    }
    const payload: Payload = { kind, groupID, asOf, users: [...userVersions] };
    const word: OutgoingWord = {
      topic: 'membership',
      users: [...userVersions.keys()],
      payload: JSON.stringify(payload),
    };
    await relay.outgoing.add(tx, [word]);
    tx.afterCommit(() => {
      this.#tellAll(payload);
      relay.say(word);
    });
  }

  /** Another node has announced it. */
  hear({ payload }: Pick<OutgoingWord, 'payload'>): void {
    this.#tellAll(JSON.parse(payload) as Payload);
  }

  #tellAll({ kind, groupID, asOf, users }: Payload): void {
    for (const [userID, userVersion] of users) this.#tell({ kind, userID, groupID, step: { asOf, userVersion } });
  }

  #tell(change: MembershipChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

export interface Announcement {
  readonly kind: MembershipChange['kind'];
  readonly groupID: string;
  readonly asOf: GroupVersion;
  readonly userVersions: ReadonlyMap<string, number>;
}

interface Payload extends Omit<Announcement, 'userVersions'> {
  readonly users: readonly (readonly [string, number])[];
}
