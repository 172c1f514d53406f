/**
 * The keys that come from the admin secret. Tokens are signed with one that is derived from it slowly: whoever has a
 * token can try secrets against its signature, and each try must cost. See docs/adr/0010-derived-signing-key.md.
 */
import { scryptSync } from 'node:crypto';
import type { Config } from './config.ts';

/** The first signs, all verify. Asked for only where they are needed, as the first time takes a sixth of a second. */
export type AdminKeys = () => readonly [string, ...string[]];

/**
 * The derived key signs, and the bare secret verifies what OpenIM and earlier versions of ours have signed with it. Only
 * where OpenIM's servers have to accept what we issue does the bare secret sign.
 */
export function adminKeysOf(adminSecret: string, { openimTokens }: Pick<Config, 'openimTokens'>): AdminKeys {
  let keys: readonly [string, string] | undefined;
  return () => {
    if (keys === undefined) {
      const derived = derivedKey(adminSecret);
      keys = openimTokens === 'mirror' ? [adminSecret, derived] : [derived, adminSecret];
    }
    return keys;
  };
}

/** The same on every node and at every start, so that each verifies what another has signed. */
export function derivedKey(adminSecret: string): string {
  return scryptSync(adminSecret, salt, keyBytes, { ...cost, maxmem: 64 * 2 ** 20 }).toString('base64url');
}

const salt = 'tessera signing key';
const keyBytes = 32;
/** 32 MiB and about 0.15 s of one core for every guess. */
const cost = { N: 2 ** 15, r: 8, p: 1 } as const;
