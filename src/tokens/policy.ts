/**
 * Which of a user's sessions may live side by side. One table, executed by every token store at issue and by the
 * gateway at connect. Protocol: rest-core.md 5.6, websocket.md 7.2.
 */
import { type PlatformID, platformClass, platformIDs, platforms } from '../protocol/constants.ts';

/** 0 keep all up to a cap, 1 one per platform, 4 one per class, 5 PC free and one other. */
export type LoginPolicy = 0 | 1 | 4 | 5;

/**
 * An instruction to a token store that is about to store a new token: of the user's live tokens on `platforms`, keep
 * the first `keep` (those on `prefer` first, then the newest) and kick the rest. Plain data: it also goes to Lua.
 */
export interface PolicyGroup {
  readonly platforms: readonly PlatformID[];
  readonly keep: number;
  readonly prefer?: PlatformID;
}

/**
 * What issuing a token for `platform` does to the user's other tokens.
 * @param cap sessions per platform under policy 0; 0 or less is unlimited (known defect 6)
 */
export function policyGroups(policy: LoginPolicy, cap: number, platform: PlatformID): readonly PolicyGroup[] {
  if (platform === platforms.Admin) return [];
  return loginPolicies[policy].flatMap(({ size, ...room }) => {
    const limit = size === 'cap' ? cap : size;
    if (limit <= 0) return [];
    const takenByNew = room.platforms.includes(platform) ? 1 : 0;
    return [{ ...room, keep: limit - takenByNew }];
  });
}

/**
 * The platforms whose open sockets a new connection on `platform` displaces, itself included. None under policy 0 and
 * for a PC under policy 5.
 */
export function displacedPlatforms(policy: LoginPolicy, platform: PlatformID): readonly PlatformID[] {
  const withoutCap = policyGroups(policy, 0, platform);
  return withoutCap.find((group) => group.keep === 0)?.platforms ?? [];
}

/** A live token as the policy sees it. `issueOrder` rises with every issue to one user, also within a millisecond. */
export interface Contender {
  readonly platformID: number;
  readonly issueOrder: number;
}

/** The tokens among `live` that `groups` leave no room for. scripts/issue.lua does the same. */
export function chooseVictims<T extends Contender>(groups: readonly PolicyGroup[], live: readonly T[]): T[] {
  return groups.flatMap(({ platforms, keep, prefer }) =>
    live
      .filter((token) => (platforms as readonly number[]).includes(token.platformID))
      .sort((a, b) => Number(b.platformID === prefer) - Number(a.platformID === prefer) || b.issueOrder - a.issueOrder)
      .slice(keep),
  );
}

/** Platforms that share room for `size` sessions of one user; platforms in no room are not limited. */
interface Room {
  readonly platforms: readonly PlatformID[];
  readonly size: number | 'cap';
  readonly prefer?: PlatformID;
}

/** Admin tokens are never touched by a policy. */
const userPlatforms = platformIDs.filter((id) => id !== platforms.Admin);
const userClasses = [...new Set(userPlatforms.map((id) => platformClass(id)))];

const loginPolicies: Readonly<Record<LoginPolicy, readonly Room[]>> = {
  0: userPlatforms.map((id) => ({ platforms: [id], size: 'cap' })),
  1: userPlatforms.map((id) => ({ platforms: [id], size: 1 })),
  4: userClasses.map((name) => ({ platforms: userPlatforms.filter((id) => platformClass(id) === name), size: 1 })),
  5: [
    {
      platforms: userPlatforms.filter((id) => platformClass(id) !== 'PC'),
      size: 1,
      prefer: platforms.Android,
    },
  ],
};
