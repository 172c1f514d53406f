/**
 * "Everything issued before": instants that end tokens by their age, for one user or everyone, on one platform or all.
 * They only move forward, and of several that apply the latest counts.
 */

import { StoreFault } from './store-outage.ts';

/** Unix ms by platform ID; {@link allPlatforms} for every platform. Where there is none, nothing is cut off. */
export type Cutoffs = ReadonlyMap<number, number>;

/** In the place of a platform ID. */
export const allPlatforms = 0;

export const noCutoffs: Cutoffs = new Map();

/**
 * The one cutoff in effect for a platform: the latest of all that apply. Tokens issued before it have been revoked.
 * @returns Unix ms, 0 if nothing is cut off
 */
export function effectiveCutoff(platformID: number, ...cutoffs: readonly Cutoffs[]): number {
  let latest = 0;
  for (const each of cutoffs) latest = Math.max(latest, each.get(allPlatforms) ?? 0, each.get(platformID) ?? 0);
  return latest;
}

/** A logout everywhere but here, by platform ID: what was issued before it is meant, but not the one token. */
export type CutoffsButOne = ReadonlyMap<number, { readonly notBefore: number; readonly spares: string }>;

export const noCutoffsButOne: CutoffsButOne = new Map();

/**
 * Whether such a logout ends a token. It goes by the token's own issue: a renewal since then goes on from a token that was
 * good afterwards, the spared one.
 */
export function isMeantButOne(
  { jti, platformID, issuedAt }: { readonly jti: string; readonly platformID: number; readonly issuedAt: number },
  cutoffs: CutoffsButOne,
): boolean {
  return [cutoffs.get(allPlatforms), cutoffs.get(platformID)].some(
    (cutoff) => cutoff !== undefined && issuedAt < cutoff.notBefore && jti !== cutoff.spares,
  );
}

/** Of each platform the latest. */
export function laterCutoffs(...cutoffs: readonly Cutoffs[]): Cutoffs {
  const [first = noCutoffs, ...others] = cutoffs.filter(({ size }) => size > 0);
  if (others.length === 0) return first;
  const latest = new Map(first);
  for (const [platformID, notBefore] of others.flatMap((each) => [...each])) {
    latest.set(platformID, Math.max(latest.get(platformID) ?? 0, notBefore));
  }
  return latest;
}

/** `0=1790000000000,5=1790000000001`: as Redis keeps them. */
export function formatCutoffs(cutoffs: Cutoffs): string {
  return [...cutoffs].map(([platformID, notBefore]) => `${platformID}=${notBefore}`).join(',');
}

/** @throws for a text that {@link formatCutoffs} and scripts/cut-off.lua do not write: a fault of the store (T5) */
export function parseCutoffs(text: string): Cutoffs {
  const pairs = text === '' ? [] : text.split(',').map((pair) => /^(\d+)=(\d{1,15})$/.exec(pair));
  return new Map(
    pairs.map((pair) => {
      if (pair === null) throw new StoreFault('unreadable cutoffs');
      return [Number(pair[1]), Number(pair[2])];
    }),
  );
}
