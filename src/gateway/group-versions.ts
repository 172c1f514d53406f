/**
 * Of each group with members here, as of which version of its member log they are known: messages come from several
 * nodes and may overtake the news of who has joined and who has left. See docs/adr/0014.
 */
import type { GroupVersion } from '../log/delivery.ts';

/** A change of a group's members, by its place in the group's log. */
export interface VersionedChange {
  readonly kind: 'joined' | 'left';
  readonly userID: string;
  readonly version: number;
}

interface Known {
  version: GroupVersion;
  /** The latest of each user lately, in order of versions. */
  changes: (VersionedChange & { readonly atMs: number })[];
}

/** Longer than a message or the news of a change can be on its way. */
export const rememberedMs = 60_000;
/** Of a group of which only a change is known: who has joined just before may not have been heard of. */
const lookBack = 50;

export class GroupVersions {
  readonly #monotonicMs: () => number;
  readonly #groups = new Map<string, Known>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  versionOf(groupID: string): GroupVersion | undefined {
    return this.#groups.get(groupID)?.version;
  }

  /** A group gets its first member here; its members are known as of then. */
  begin(groupID: string, version: GroupVersion): void {
    if (!this.#groups.has(groupID)) this.#groups.set(groupID, { version, changes: [] });
  }

  /** The same, where nothing but a change of then is known. */
  beginByChange(groupID: string, { versionID, version }: GroupVersion): void {
    this.begin(groupID, { versionID, version: Math.max(1, version - lookBack) });
  }

  end(groupID: string): void {
    this.#groups.delete(groupID);
  }

  isBehind(groupID: string, { versionID, version }: GroupVersion): boolean {
    const known = this.#groups.get(groupID)?.version;
    return known !== undefined && known.versionID === versionID && known.version < version;
  }

  /** Everything up to then has been noted. */
  reach(groupID: string, version: GroupVersion): void {
    const known = this.#groups.get(groupID);
    if (known !== undefined && known.version.version < version.version) known.version = version;
  }

  /** @returns false if a later change of the user's is known */
  note(groupID: string, change: VersionedChange): boolean {
    const known = this.#groups.get(groupID);
    if (known === undefined) return true;
    const atMs = this.#monotonicMs();
    const isNews = !known.changes.some(({ userID, version }) => userID === change.userID && version >= change.version);
    if (!isNews) return false;
    known.changes = known.changes.filter((earlier) => earlier.atMs >= atMs - rememberedMs);
    known.changes.push({ ...change, atMs });
    known.changes.sort((a, b) => a.version - b.version);
    return true;
  }

  /** Somebody has left it so lately that a message of before may still be for him. */
  wasLeftLately(groupID: string): boolean {
    const since = this.#monotonicMs() - rememberedMs;
    return this.#groups.get(groupID)?.changes.some(({ kind, atMs }) => kind === 'left' && atMs >= since) === true;
  }

  /** The members here as they were then. @param members as they are now */
  membersAsOf(groupID: string, members: ReadonlySet<string>, asOf: GroupVersion): ReadonlySet<string> {
    const known = this.#groups.get(groupID);
    if (known === undefined || known.version.versionID !== asOf.versionID) return members;
    const later = known.changes.filter(({ version }) => version > asOf.version);
    if (later.length === 0) return members;
    const then = new Set(members);
    for (const { kind, userID } of later.reverse()) {
      if (kind === 'left') then.add(userID);
      else then.delete(userID);
    }
    return then;
  }
}
