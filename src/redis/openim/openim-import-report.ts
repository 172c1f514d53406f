/** What an import of OpenIM's tokens has found and done: counts, and some names of what looks odd. */
import type { Standing } from './openim-adoption.ts';
import type { OpenimState } from './openim-records.ts';

/** Every token is counted once, as one of these. */
export const tokenCounts = {
  converted: 'taken in; each now lives to its own end',
  superseded: 'taken in: older admin tokens, each to the end of its grace',
  kicked: 'taken in as kicked: they answer 1506 to their own end',
  ended: 'known as live here and kicked by OpenIM since: ended here too',
  known: 'known already: left as they are',
  expired: 'expired',
  wrongSecret: 'signed with another secret',
  malformed: 'no token',
  misplaced: "a token in another user's or platform's hash, where OpenIM does not look for it",
  invalid: 'in a state that OpenIM refuses',
  unknownPlatform: 'of a platform that does not exist',
} as const;

/** What is odd about keys. */
export const oddities = {
  hashesEndingEarly: 'hashes that OpenIM will drop before their tokens end, logging users out early',
  hashesWithoutTtl: 'hashes without a TTL, which OpenIM would keep for ever',
  notHashes: "keys of another type under the name of one of OpenIM's hashes",
} as const;

export type TokenCount = keyof typeof tokenCounts;
export type Oddity = keyof typeof oddities;
type Count = TokenCount | Oddity | 'hashes';

export interface ImportReport {
  readonly counts: Record<Count, number>;
  /** Names of some keys; none of them holds a token. */
  readonly examples: Record<Oddity, string[]>;
}

const maxExamples = 5;

export function emptyReport(): ImportReport {
  const names = [...Object.keys(tokenCounts), ...Object.keys(oddities), 'hashes'] as Count[];
  return {
    counts: Object.fromEntries(names.map((name) => [name, 0])) as Record<Count, number>,
    examples: { hashesEndingEarly: [], hashesWithoutTtl: [], notHashes: [] },
  };
}

export function addTo({ counts }: ImportReport, name: Count, howMany = 1): void {
  counts[name] += howMany;
}

export function noteOddity(report: ImportReport, oddity: Oddity, key: string): void {
  addTo(report, oddity);
  if (report.examples[oddity].length < maxExamples) report.examples[oddity].push(key);
}

/** @param state what OpenIM's keys say of the token */
export function countStanding(report: ImportReport, standing: Standing, state: OpenimState['state']): void {
  if (standing === 'unknown') addTo(report, state === 'live' ? 'converted' : state);
  else addTo(report, standing);
}

/** How many tokens have been looked at. */
export function tokensIn({ counts }: ImportReport): number {
  return (Object.keys(tokenCounts) as TokenCount[]).reduce((sum, name) => sum + counts[name], 0);
}
