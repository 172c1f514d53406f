/** Settings that name platforms: lifetimes by platform, and the rooms of a custom login policy. Names go without regard to case; numbers do too. */
import { findPlatform, type PlatformID, platformClass, platformIDs, platforms } from '../protocol/numbers/platforms.ts';
import { isPushProviderName, type PushProviderName, pushProviderNames } from '../protocol/numbers/push-providers.ts';
import { longestTokenLifeMs } from '../protocol/numbers/token-life.ts';
import type { LoginPolicy, LoginRoom } from '../tokens/policy.ts';
import { formatDuration, parseDuration } from './duration.ts';

type Complain = (problem: string) => void;

/** @param items `Web=12h` */
export function parsePlatformTtls(items: readonly string[], complain: Complain): ReadonlyMap<number, number> {
  const range = `from 1s to ${formatDuration(longestTokenLifeMs)}, such as 12h`;
  const ttls = new Map<number, number>();
  for (const item of items) {
    const { names, value } = splitItem(item);
    const ids = names.flatMap((name) => findPlatform(name) ?? []);
    const ttlMs = parseDuration(value) ?? 0;
    if (ids.length !== 1) complain(`${item} must begin with one platform, by name or number, such as Web or 5`);
    else if (ttlMs < 1000 || ttlMs > longestTokenLifeMs) complain(`${item} must end with a duration ${range}`);
    else if (ids.some((id) => ttls.has(id))) complain(`${item} names a platform that has a lifetime already`);
    for (const id of ids) ttls.set(id, ttlMs);
  }
  return ttls;
}

/** @param items `IOS=apns` */
export function parsePushByPlatform(
  items: readonly string[],
  complain: Complain,
): ReadonlyMap<number, PushProviderName> {
  const providers = new Map<number, PushProviderName>();
  for (const item of items) {
    const { names, value } = splitItem(item);
    const ids = names.flatMap((name) => findPlatform(name) ?? []);
    if (ids.length !== 1) complain(`${item} must begin with one platform, by name or number, such as IOS or 1`);
    else if (!isPushProviderName(value)) complain(`${item} must end with one of ${pushProviderNames.join(', ')}`);
    else if (ids.some((id) => providers.has(id))) complain(`${item} names a platform that has one already`);
    else for (const id of ids) providers.set(id, value);
  }
  return providers;
}

/** @param items `Mobile+Pad=1` */
export function parsePolicyTable(items: readonly string[], complain: Complain): LoginPolicy {
  return items.flatMap((item): LoginRoom[] => {
    const { names, value } = splitItem(item);
    const members = names.map(platformsCalled);
    const size = /^[1-9]\d{0,5}$/.test(value) ? Number(value) : 0;
    if (members.some((ids) => ids.length === 0)) complain(`${item} must begin with platforms or classes joined by +`);
    else if (size === 0) complain(`${item} must end with how many sessions there is room for, at least 1`);
    return [{ platforms: [...new Set(members.flat())], size }];
  });
}

function splitItem(item: string): { names: readonly string[]; value: string } {
  const [names = '', value = '', ...rest] = item.split('=').map((part) => part.trim());
  return { names: names.split('+').map((name) => name.trim()), value: rest.length > 0 ? '' : value };
}

/** A platform's or a class's; admin tokens are never touched by a policy. */
function platformsCalled(name: string): readonly PlatformID[] {
  const users = platformIDs.filter((id) => id !== platforms.Admin);
  return users.filter((id) => findPlatform(name) === id || platformClass(id).toLowerCase() === name.toLowerCase());
}
