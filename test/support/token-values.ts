/** What may stand in a token's key in Redis, and what each reader must make of it: one table for both of them. */
import { readFileSync } from 'node:fs';
import type { TokenRecord } from '../../src/tokens/token-store.ts';

export interface TokenValue {
  readonly what: string;
  readonly value: string;
  /** Null for a value that nobody of ours has written: nobody may take it for a token. */
  readonly token: (Omit<TokenRecord, 'jti' | 'userID' | 'expiresAt'> & { readonly issueOrder: number }) | null;
}

export function tokenValues(): readonly TokenValue[] {
  return JSON.parse(readFileSync(new URL('../fixtures/redis-token-values.json', import.meta.url), 'utf8'));
}
