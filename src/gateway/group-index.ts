/**
 * Which of the users online here are in which groups, so that a message to a group reads no list of members and costs
 * what its online members cost. Users come with their first socket, and go with their last.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { GroupVersion } from '../log/delivery.ts';
import { GroupVersions, rememberedMs, type VersionedChange } from './group-versions.ts';

/** What the domain of groups tells; filled in app/. */
export interface GroupMemberships {
  /** The groups that the user is in now. */
  groupIDsOf(userID: string): Promise<readonly string[]>;
  /**
   * Hears of joins and leaves once they are committed, in their order per user and group unless they say which they are.
   * A group that is dismissed is not left: its last delivery says so ({@link GroupAudience.isLast}). Returns what ends it.
   */
  onChange(listener: (change: MembershipChange) => void): () => void;
}

export interface MembershipChange {
  readonly kind: 'joined' | 'left';
  readonly userID: string;
  readonly groupID: string;
  /** On a node, where news come from several: which change it is of the group's members, and of the user's groups. */
  readonly step?: { readonly asOf: GroupVersion; readonly userVersion: number } | undefined;
}

/** What an index needs where there are other nodes; filled in app/. */
export interface SharedGroups {
  /** The groups that the user is in, each as of which version of its members, and which change of them was the last. */
  joinedBy(userID: string): Promise<JoinedGroups>;
  /** Of a group's members, by version; undefined if its log is another one now. */
  changesSince(groupID: string, version: GroupVersion): Promise<MemberChanges | undefined>;
  /** The other nodes hear that members are online here; resolves when whoever looks for them finds this node. */
  hold(groupIDs: readonly string[]): Promise<void>;
  /** There are none any more. */
  release(groupID: string): void;
  /**
   * Delivers what was stored lately in a group, of which nobody may have told us.
   * @param isFound when whoever looks for the group's members finds this node
   */
  readGroup(groupID: string, isFound: Promise<void>): Promise<void>;
  onFailure(error: unknown): void;
  /** Milliseconds that only ever go forward. */
  monotonicMs(): number;
}

export interface JoinedGroups {
  readonly userVersion: number;
  readonly groups: ReadonlyMap<string, GroupVersion>;
}

export interface MemberChanges {
  readonly version: GroupVersion;
  /** In the order of their versions. */
  readonly changes: readonly VersionedChange[];
}

/** A user who is online here. */
interface Entry {
  readonly groups: Set<string>;
  /** What has changed since the list was asked for, which may or may not have it; undefined once it has come. */
  meanwhile: Map<string, MembershipChange> | undefined;
  isReady: Promise<void> | undefined;
  /** Changes of the user's groups up to this one are known; on a node. */
  userVersion: number;
}

export interface GroupIndexOptions {
  /** Undefined where there are no groups. */
  readonly memberships: GroupMemberships | undefined;
  /** Undefined where there are no other nodes. */
  readonly shared?: SharedGroups | undefined;
}

export class GroupIndex implements Disposable {
  readonly #memberships: GroupMemberships | undefined;
  readonly #shared: SharedGroups | undefined;
  readonly #versions: GroupVersions;
  readonly #stop: () => void;
  readonly #entries = new Map<string, Entry>();
  /** Without groups of which nobody is online. */
  readonly #online = new Map<string, Set<string>>();
  /** Groups whose changes are being asked for. */
  readonly #catchingUp = new Map<string, Promise<void>>();

  constructor({ memberships, shared }: GroupIndexOptions) {
    this.#memberships = memberships;
    this.#shared = shared;
    this.#versions = new GroupVersions(() => shared?.monotonicMs() ?? 0);
    this.#stop = memberships?.onChange((change) => this.#change(change)) ?? (() => {});
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  /**
   * The user is online. Resolves when the user's groups are known, and rejects if they cannot be asked for; undefined if
   * they are known already. What the user sends before is not to be read: the answer could miss a message that is not
   * pushed either.
   * @param isFound when other nodes find the user here, before which the groups are not asked for
   */
  enter(userID: string, isFound?: Promise<void>): Promise<void> | undefined {
    if (this.#memberships === undefined) return isFound;
    const known = this.#entries.get(userID);
    if (known !== undefined) return isFound === undefined ? known.isReady : both(isFound, known.isReady);
    const entry: Entry = { groups: new Set(), meanwhile: new Map(), isReady: undefined, userVersion: 0 };
    this.#entries.set(userID, entry);
    entry.isReady = this.#load(userID, entry, this.#memberships, isFound);
    return entry.isReady;
  }

  /** The user is offline. */
  leave(userID: string): void {
    const entry = this.#entries.get(userID);
    if (entry === undefined) return;
    this.#entries.delete(userID);
    for (const groupID of entry.groups) this.#remove(userID, groupID);
  }

  /** The members of the group who are online here. @param asOf as they were then */
  membersOf(groupID: string, asOf?: GroupVersion): ReadonlySet<string> {
    const members = this.#online.get(groupID) ?? nobody;
    return asOf === undefined ? members : this.#versions.membersAsOf(groupID, members, asOf);
  }

  /** Whether a message to the group may be for somebody here. */
  concerns(groupID: string): boolean {
    return this.#online.has(groupID) || this.#versions.wasLeftLately(groupID);
  }

  /** @returns undefined if the group's members are known as of then; otherwise resolves when they are, or cannot be known */
  catchUp(groupID: string, asOf: GroupVersion): Promise<void> | undefined {
    if (this.#shared === undefined || !this.#versions.isBehind(groupID, asOf)) return undefined;
    const running = this.#catchingUp.get(groupID);
    if (running !== undefined) return running;
    const catchingUp = this.#askForChanges(groupID, this.#shared).finally(() => this.#catchingUp.delete(groupID));
    this.#catchingUp.set(groupID, catchingUp);
    return catchingUp;
  }

  /** Nobody is in the group any more. */
  forget(groupID: string): void {
    for (const userID of this.membersOf(groupID)) this.#entries.get(userID)?.groups.delete(groupID);
    this.#online.delete(groupID);
    this.#versions.end(groupID);
    this.#shared?.release(groupID);
  }

  /** The groups with members here. */
  get held(): Iterable<string> {
    return this.#online.keys();
  }

  async #load(userID: string, entry: Entry, memberships: GroupMemberships, isFound?: Promise<void>): Promise<void> {
    try {
      if (isFound !== undefined) await isFound;
      const shared = this.#shared;
      const joined = await (shared === undefined ? memberships.groupIDsOf(userID) : shared.joinedBy(userID));
      // Gone, and perhaps back with an entry of its own.
      if (this.#entries.get(userID) !== entry) return;
      const meanwhile = [...(entry.meanwhile?.values() ?? [])];
      entry.meanwhile = undefined;
      if (!('groups' in joined)) {
        const changed = new Set(meanwhile.map(({ groupID }) => groupID));
        for (const groupID of joined) if (!changed.has(groupID)) this.#add(userID, entry, groupID);
      } else {
        entry.userVersion = joined.userVersion;
        for (const [groupID, version] of joined.groups) {
          this.#versions.begin(groupID, version);
          this.#add(userID, entry, groupID);
        }
        for (const change of meanwhile) this.#change(change);
        await shared?.hold([...joined.groups.keys()]);
      }
    } catch (error) {
      if (this.#entries.get(userID) === entry) this.leave(userID);
      throw error;
    } finally {
      entry.meanwhile = undefined;
      entry.isReady = undefined;
    }
  }

  #change(change: MembershipChange): void {
    const { kind, userID, groupID, step } = change;
    const entry = this.#entries.get(userID);
    if (entry === undefined) return;
    if (step !== undefined) {
      if (entry.meanwhile === undefined) this.#changeInOrder(change, entry, step);
      // Of one group the last one counts, as which it may not have come.
      else if ((entry.meanwhile.get(groupID)?.step?.userVersion ?? 0) < step.userVersion) {
        entry.meanwhile.set(groupID, change);
      }
      return;
    }
    entry.meanwhile?.set(groupID, change);
    this.#apply(kind, userID, entry, groupID);
  }

  #apply(kind: MembershipChange['kind'], userID: string, entry: Entry, groupID: string): void {
    if (kind === 'joined') {
      this.#add(userID, entry, groupID);
    } else {
      entry.groups.delete(groupID);
      this.#remove(userID, groupID);
    }
  }

  /** Unless a later one of the user's in the group is known. */
  #changeInOrder(
    { kind, userID, groupID }: MembershipChange,
    entry: Entry,
    { asOf, userVersion }: NonNullable<MembershipChange['step']>,
  ): void {
    if (userVersion <= entry.userVersion) return;
    const wasHeld = this.#online.has(groupID);
    if (kind === 'joined') this.#versions.beginByChange(groupID, asOf);
    if (!this.#versions.note(groupID, { kind, userID, version: asOf.version })) return;
    const known = this.#versions.versionOf(groupID);
    if (known?.versionID === asOf.versionID && known.version === asOf.version - 1) this.#versions.reach(groupID, asOf);
    this.#apply(kind, userID, entry, groupID);
    if (!wasHeld && kind === 'joined') void this.#holdLate(groupID);
  }

  /** What was sent to the group before the others knew of its member here did not come here. */
  async #holdLate(groupID: string): Promise<void> {
    const shared = this.#shared;
    try {
      await shared?.readGroup(groupID, shared.hold([groupID]));
    } catch (error) {
      shared?.onFailure(error);
    }
  }

  async #askForChanges(groupID: string, shared: SharedGroups): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const known = this.#versions.versionOf(groupID);
        const since = known === undefined ? undefined : await shared.changesSince(groupID, known);
        if (since === undefined) return;
        for (const change of since.changes) this.#changeAsLogged(groupID, change);
        this.#versions.reach(groupID, since.version);
        return;
      } catch (error) {
        shared.onFailure(error);
        // Then it goes to those who are known, since it would go to nobody otherwise.
        if (attempt === askedTimes) return;
        await delay(askAgainMs);
      }
    }
  }

  #changeAsLogged(groupID: string, change: VersionedChange): void {
    const entry = this.#entries.get(change.userID);
    if (entry === undefined || entry.groups.has(groupID) === (change.kind === 'joined')) return;
    if (this.#versions.note(groupID, change)) this.#apply(change.kind, change.userID, entry, groupID);
  }

  #add(userID: string, { groups }: Entry, groupID: string): void {
    groups.add(groupID);
    const members = this.#online.get(groupID) ?? new Set();
    this.#online.set(groupID, members.add(userID));
  }

  #remove(userID: string, groupID: string): void {
    const members = this.#online.get(groupID);
    members?.delete(userID);
    if (members?.size !== 0) return;
    this.#online.delete(groupID);
    this.#shared?.release(groupID);
    if (!this.#versions.wasLeftLately(groupID)) {
      this.#versions.end(groupID);
      return;
    }
    // A message of before may still come.
    setTimeout(() => {
      if (!this.#online.has(groupID)) this.#versions.end(groupID);
    }, rememberedMs).unref();
  }
}

const nobody: ReadonlySet<string> = new Set();

/** For changes of a group's members: as long as a client waits for an answer. */
const askedTimes = 10;
const askAgainMs = 500;

async function both(first: Promise<void>, second: Promise<void> | undefined): Promise<void> {
  await Promise.all([first, second]);
}
