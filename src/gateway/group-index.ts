/**
 * Which of the users online here are in which groups, so that a message to a group reads no list of members and costs
 * what its online members cost. Users come with their first socket, and go with their last.
 */

/** What the domain of groups tells; filled in app/. */
export interface GroupMemberships {
  /** The groups that the user is in now. */
  groupIDsOf(userID: string): Promise<readonly string[]>;
  /**
   * Hears of joins and leaves once they are committed, in their order per user and group. A group that is dismissed is
   * not left: its last delivery says so ({@link GroupAudience.isLast}). Returns what ends it.
   */
  onChange(listener: (change: MembershipChange) => void): () => void;
}

export interface MembershipChange {
  readonly kind: 'joined' | 'left';
  readonly userID: string;
  readonly groupID: string;
}

/** A user who is online here. */
interface Entry {
  readonly groups: Set<string>;
  /** What has changed since the list was asked for, which may or may not have it; undefined once it has come. */
  meanwhile: Map<string, MembershipChange['kind']> | undefined;
  isReady: Promise<void> | undefined;
}

export class GroupIndex implements Disposable {
  readonly #memberships: GroupMemberships | undefined;
  readonly #stop: () => void;
  readonly #entries = new Map<string, Entry>();
  /** Without groups of which nobody is online. */
  readonly #online = new Map<string, Set<string>>();

  /** @param memberships undefined where there are no groups */
  constructor(memberships: GroupMemberships | undefined) {
    this.#memberships = memberships;
    this.#stop = memberships?.onChange((change) => this.#change(change)) ?? (() => {});
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  /**
   * The user is online. Resolves when the user's groups are known, and rejects if they cannot be asked for; undefined if
   * they are known already. What the user sends before is not to be read: the answer could miss a message that is not
   * pushed either.
   */
  enter(userID: string): Promise<void> | undefined {
    if (this.#memberships === undefined) return undefined;
    const known = this.#entries.get(userID);
    if (known !== undefined) return known.isReady;
    const entry: Entry = { groups: new Set(), meanwhile: new Map(), isReady: undefined };
    this.#entries.set(userID, entry);
    entry.isReady = this.#load(userID, entry, this.#memberships);
    return entry.isReady;
  }

  /** The user is offline. */
  leave(userID: string): void {
    const entry = this.#entries.get(userID);
    if (entry === undefined) return;
    this.#entries.delete(userID);
    for (const groupID of entry.groups) this.#remove(userID, groupID);
  }

  /** The members of the group who are online here. */
  membersOf(groupID: string): ReadonlySet<string> {
    return this.#online.get(groupID) ?? nobody;
  }

  /** Nobody is in the group any more. */
  forget(groupID: string): void {
    for (const userID of this.membersOf(groupID)) this.#entries.get(userID)?.groups.delete(groupID);
    this.#online.delete(groupID);
  }

  async #load(userID: string, entry: Entry, memberships: GroupMemberships): Promise<void> {
    try {
      const groupIDs = await memberships.groupIDsOf(userID);
      // Gone, and perhaps back with an entry of its own.
      if (this.#entries.get(userID) !== entry) return;
      for (const groupID of groupIDs) if (!entry.meanwhile?.has(groupID)) this.#add(userID, entry, groupID);
    } catch (error) {
      if (this.#entries.get(userID) === entry) this.leave(userID);
      throw error;
    } finally {
      entry.meanwhile = undefined;
      entry.isReady = undefined;
    }
  }

  #change({ kind, userID, groupID }: MembershipChange): void {
    const entry = this.#entries.get(userID);
    if (entry === undefined) return;
    entry.meanwhile?.set(groupID, kind);
    if (kind === 'joined') {
      this.#add(userID, entry, groupID);
    } else {
      entry.groups.delete(groupID);
      this.#remove(userID, groupID);
    }
  }

  #add(userID: string, { groups }: Entry, groupID: string): void {
    groups.add(groupID);
    const members = this.#online.get(groupID) ?? new Set();
    this.#online.set(groupID, members.add(userID));
  }

  #remove(userID: string, groupID: string): void {
    const members = this.#online.get(groupID);
    members?.delete(userID);
    if (members?.size === 0) this.#online.delete(groupID);
  }
}

const nobody: ReadonlySet<string> = new Set();
