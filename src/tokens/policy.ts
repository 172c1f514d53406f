/**
 * Which of a user's sessions may live side by side. One table, executed by every token store at issue and by the
 * gateway at connect. Protocol: rest-core.md 5.6, websocket.md 7.2.
 */
import { type PlatformID, platformClass, platformIDs, platforms } from '../protocol/numbers/platforms.ts';

/** Platforms that share room for `size` sessions of one user; platforms in no room are not limited. */
export interface LoginRoom {
  readonly platforms: readonly PlatformID[];
  /** 0 or less: not limited (known defect 6). */
  readonly size: number;
  /** Where some must go, sessions on this platform stay rather than newer ones on others. */
  readonly prefer?: PlatformID;
  /** A new socket ends nobody's session, only a new token does. */
  readonly isForIssueOnly?: true;
}

/** Rooms may overlap: Web with PC and Web with phones, while PC and phones go together. */
export type LoginPolicy = readonly LoginRoom[];

/** OpenIM's four, in the order of their numbers 0, 1, 4, 5. */
export const policyNames = ['keep-all', 'one-per-platform', 'one-per-class', 'pc-and-one-other'] as const;
export type PolicyName = (typeof policyNames)[number];

/** @param cap sessions per platform under `keep-all`; 0 or less is unlimited */
export function loginPolicy(name: PolicyName, cap: number): LoginPolicy {
  switch (name) {
    case 'keep-all':
      return userPlatforms.map((id) => ({ platforms: [id], size: cap, isForIssueOnly: true }));
    case 'one-per-platform':
      return userPlatforms.map((id) => ({ platforms: [id], size: 1 }));
    case 'one-per-class':
      return userClasses.map((name) => ({
        platforms: userPlatforms.filter((id) => platformClass(id) === name),
        size: 1,
      }));
    case 'pc-and-one-other': {
      const others = userPlatforms.filter((id) => platformClass(id) !== 'PC');
      return [{ platforms: others, size: 1, prefer: platforms.Android }];
    }
  }
}

/**
 * An instruction to a token store that is about to store a new token: of the user's live tokens on `platforms`, keep
 * the first `keep` (those on `prefer` first, then the newest) and kick the rest. Plain data: it also goes to Lua.
 */
export interface PolicyGroup {
  readonly platforms: readonly PlatformID[];
  readonly keep: number;
  readonly prefer?: PlatformID;
}

/** What issuing a token for `platform` does to the user's other tokens. Admin tokens are never touched by a policy. */
export function policyGroups(policy: LoginPolicy, platform: PlatformID): readonly PolicyGroup[] {
  if (platform === platforms.Admin) return [];
  return policy
    .filter(({ size }) => size > 0)
    .map(({ platforms, size, prefer }) => ({
      platforms,
      keep: platforms.includes(platform) ? size - 1 : size,
      ...(prefer === undefined ? {} : { prefer }),
    }));
}

/**
 * The platforms whose open sockets a new connection on `platform` displaces, itself included: those it shares a room
 * for one with.
 */
export function displacedPlatforms(policy: LoginPolicy, platform: PlatformID): readonly PlatformID[] {
  const shared = policy.filter(
    ({ platforms, size, isForIssueOnly }) => size === 1 && isForIssueOnly !== true && platforms.includes(platform),
  );
  return [...new Set(shared.flatMap(({ platforms }) => platforms))];
}

/** A live token as the policy sees it. `issueOrder` rises with every issue to one user, also within a millisecond. */
export interface Contender {
  readonly platformID: number;
  readonly issueOrder: number;
}

/**
 * The tokens among `live` that `groups`, one after the other, leave no room for. scripts/issue.lua does the same.
 */
export function chooseVictims<T extends Contender>(groups: readonly PolicyGroup[], live: readonly T[]): T[] {
  const victims = new Set<T>();
  for (const { platforms, keep, prefer } of groups) {
    const members = live
      .filter((token) => (platforms as readonly number[]).includes(token.platformID) && !victims.has(token))
      .sort((a, b) => Number(b.platformID === prefer) - Number(a.platformID === prefer) || b.issueOrder - a.issueOrder);
    for (const token of members.slice(keep)) victims.add(token);
  }
  return [...victims];
}

/** The rooms of a token on this platform. */
export function roomsOf(policy: LoginPolicy, platformID: number): LoginPolicy {
  // Of an admin's tokens the newest stays; others have their grace, which nobody knows any more.
  const rooms = platformID === platforms.Admin ? [{ platforms: [platforms.Admin], size: 1 }] : policy;
  return rooms.filter((room) => room.size > 0 && (room.platforms as readonly number[]).includes(platformID));
}

/**
 * Whether the user's later logins leave room for a token that they may not have known of.
 * @param others the user's other tokens. Of a room for one, a later one that has ended since has taken the place, too
 */
export function hasRoomFor(
  policy: LoginPolicy,
  { platformID, issuedAt }: { readonly platformID: number; readonly issuedAt: number },
  others: readonly { readonly platformID: number; readonly issuedAt: number; readonly state: string }[],
): boolean {
  return roomsOf(policy, platformID).every(({ platforms: shared, size }) => {
    const later = others.filter(
      (token) =>
        (shared as readonly number[]).includes(token.platformID) &&
        token.issuedAt >= issuedAt &&
        (size === 1 || token.state === 'live'),
    );
    return later.length < size;
  });
}

const userPlatforms = platformIDs.filter((id) => id !== platforms.Admin);
const userClasses = [...new Set(userPlatforms.map((id) => platformClass(id)))];
