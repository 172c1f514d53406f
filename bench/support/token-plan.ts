/** The load of bench/token-lifetime: who logs in, renews, is revoked or logged out, and when. The same for each system. */
import { type PlatformID, platforms } from '../../src/protocol/numbers/platforms.ts';
import { type LoginPolicy, loginPolicy, policyNames } from '../../src/tokens/policy.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Device } from './token-system.ts';

export interface Scenario {
  readonly title: string;
  /** One line on what happens to the lifetimes. */
  readonly story: string;
  /** Logins and renewals together. */
  readonly tokens: number;
  readonly tokensPerSecond: number;
  /** Of one device, on average: so many users are there. */
  readonly secondsBetweenLogins: number;
  /** A token's own, where callers ask for one: from and to. */
  readonly wishSeconds?: readonly [number, number];
  /** The setting, and when it takes which value: share of the issuing time, seconds. */
  readonly settings: readonly (readonly [number, number])[];
}

export type Step =
  | { readonly kind: 'log in' | 'renew'; readonly device: Device; readonly wishSeconds?: number }
  | { readonly kind: 'revoke' | 'force log out'; readonly device: Device }
  | { readonly kind: 'configure'; readonly lifetimeSeconds: number };

export interface PlannedStep {
  /** From the start. */
  readonly dueMs: number;
  readonly step: Step;
}

/** Mobile, PC and Web; two of the first and of the second. */
export const loadPlatforms: readonly PlatformID[] = [
  platforms.IOS,
  platforms.Android,
  platforms.Windows,
  platforms.OSX,
  platforms.Web,
];

/** OpenIM's four, each for a quarter of the users; `keep-all` with a cap of four per platform. */
export const loadPolicies: readonly LoginPolicy[] = policyNames.map((name) => loginPolicy(name, 4));

const shares = { renew: 0.15, revoke: 0.03, forceLogOut: 0.03 };

export function policyOf(userID: string): LoginPolicy {
  return loadPolicies[Number(userID) % loadPolicies.length]!;
}

/** @returns in the order of `dueMs` */
export function planSteps(scenario: Scenario, random: SeededRandom): readonly PlannedStep[] {
  const { tokens, tokensPerSecond, secondsBetweenLogins, settings } = scenario;
  const issuingMs = (tokens / tokensPerSecond) * 1000;
  const users = Math.ceil((tokensPerSecond * secondsBetweenLogins) / loadPlatforms.length);
  const device = (): Device => ({
    // Ten digits, as people number their users.
    userID: String(1_000_000_000 + random.integer(0, users - 1)),
    platformID: random.pick(loadPlatforms),
  });
  const wish = () =>
    scenario.wishSeconds === undefined ? {} : { wishSeconds: random.integer(...scenario.wishSeconds) };
  const atAnyTime = (count: number, step: () => Step): PlannedStep[] =>
    Array.from({ length: Math.round(count) }, () => ({ dueMs: random.next() * issuingMs, step: step() }));

  const renewals = Math.round(tokens * shares.renew);
  return [
    ...settings.map(([share, lifetimeSeconds]) => ({
      dueMs: share * issuingMs,
      step: { kind: 'configure', lifetimeSeconds } as const,
    })),
    ...atAnyTime(tokens - renewals, () => ({ kind: 'log in', device: device(), ...wish() })),
    ...atAnyTime(renewals, () => ({ kind: 'renew', device: device(), ...wish() })),
    ...atAnyTime(tokens * shares.revoke, () => ({ kind: 'revoke', device: device() })),
    ...atAnyTime(tokens * shares.forceLogOut, () => ({ kind: 'force log out', device: device() })),
  ].sort((a, b) => a.dueMs - b.dueMs);
}
