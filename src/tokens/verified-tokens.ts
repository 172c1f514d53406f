/**
 * Tokens that were found good a moment ago, so that the store need not be asked for each request. Only "good" is
 * remembered, never an absence; what ends a token drops it at once, and while such news may be missed nothing is.
 */
import { hash } from 'node:crypto';
import type { Session } from './session.ts';

export interface VerifiedTokensOptions {
  /** 0 or less: nothing is remembered. */
  readonly maxTokens: number;
  /** How long an entry serves at most. */
  readonly ttlMs: number;
}

/** What may have ended since it was made: see {@link VerifiedTokens.put}. */
export type Snapshot = number;

export class VerifiedTokens {
  readonly #options: VerifiedTokensOptions;
  /** By the token's hash, the one that came in first in front: that one goes first. */
  readonly #entries = new Map<string, Entry>();
  readonly #hashByJti = new Map<string, string>();
  #isHearing = true;
  #drops = 0;

  constructor(options: VerifiedTokensOptions) {
    this.#options = options;
  }

  /** @param now Unix ms */
  get(token: string, now: number): Session | undefined {
    const entry = this.#entries.get(hashOf(token));
    return entry !== undefined && now < entry.servesUntil ? entry.session : undefined;
  }

  /** To be taken before the store is asked. */
  snapshot(): Snapshot {
    return this.#drops;
  }

  /** Remembers a good token, unless something was dropped since `snapshot`: the store's answer may be older than that. */
  put(token: string, session: Session, snapshot: Snapshot, now: number): void {
    const { maxTokens, ttlMs } = this.#options;
    if (maxTokens <= 0 || !this.#isHearing || snapshot !== this.#drops) return;
    const hash = hashOf(token);
    // A signature can be spelt in several ways: of those only the last is remembered, or dropping would miss the others.
    this.#remove(this.#hashByJti.get(session.jti) ?? '');
    this.#entries.set(hash, { session, servesUntil: Math.min(session.endsAt, now + ttlMs) });
    this.#hashByJti.set(session.jti, hash);
    if (this.#entries.size > maxTokens) this.#remove(this.#entries.keys().next().value ?? '');
  }

  drop(jtis: readonly string[]): void {
    this.#drops++;
    for (const jti of jtis) this.#remove(this.#hashByJti.get(jti) ?? '');
  }

  clear(): void {
    this.#drops++;
    this.#entries.clear();
    this.#hashByJti.clear();
  }

  /** @param isHearing false while tokens may end without being dropped here */
  setHearing(isHearing: boolean): void {
    this.#isHearing = isHearing;
    this.clear();
  }

  get isHearing(): boolean {
    return this.#isHearing;
  }

  #remove(hash: string): void {
    const entry = this.#entries.get(hash);
    if (entry === undefined) return;
    this.#entries.delete(hash);
    this.#hashByJti.delete(entry.session.jti);
  }
}

interface Entry {
  readonly session: Session;
  /** Unix ms, exclusive. */
  readonly servesUntil: number;
}

/** Tokens themselves are not kept, not even in memory (T6). */
function hashOf(token: string): string {
  return hash('sha256', token, 'base64url');
}
