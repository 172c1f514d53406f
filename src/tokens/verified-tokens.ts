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

/** An instant in the order of drops: see {@link VerifiedTokens.put}. */
export type Snapshot = number;

/** Drops that are remembered one by one, for verifications that were under way: so many, and as many before them. */
const maxRecentDrops = 5000;

export class VerifiedTokens {
  readonly #options: VerifiedTokensOptions;
  /** By the token's hash, the one that came in first in front: that one goes first. */
  readonly #entries = new Map<string, Entry>();
  readonly #hashByJti = new Map<string, string>();
  #isHearing = true;
  /** How many drops there have been. */
  #drops = 0;
  /** The number of the last drop by the jti or user that it meant. */
  #recentDrops = new Map<string, number>();
  /** The same of those before; to take the oldest out one by one costs more than the rest of a drop. */
  #earlierDrops = new Map<string, number>();
  /** How many drops there had been when the recent ones began. */
  #recentSince = 0;
  /** A verification that began before this drop may have been overtaken by one that is not remembered. */
  #unknownBefore = 0;

  constructor(options: VerifiedTokensOptions) {
    this.#options = options;
  }

  /**
   * @param now Unix ms, for the end of the token
   * @param nowMs monotonic, for how long an entry serves: a clock that is set back prolongs nothing
   */
  get(token: string, now: number, nowMs: number): Session | undefined {
    // As where nothing is to be remembered: a hash takes a microsecond.
    if (this.#entries.size === 0) return undefined;
    const entry = this.#entries.get(hashOf(token));
    return entry !== undefined && now < entry.session.endsAt && nowMs < entry.servesUntilMs ? entry.session : undefined;
  }

  /** To be taken before the store is asked. */
  snapshot(): Snapshot {
    return this.#drops;
  }

  /**
   * Remembers a good token, unless it was dropped since `snapshot`: the store's answer may be older than that.
   * @param nowMs monotonic
   */
  put(token: string, session: Session, snapshot: Snapshot, nowMs: number): void {
    const { maxTokens, ttlMs } = this.#options;
    if (maxTokens <= 0 || !this.#isHearing || this.#wasDropped(session, snapshot)) return;
    const hash = hashOf(token);
    // A signature can be spelt in several ways: of those only the last is remembered, or dropping would miss the others.
    this.#remove(this.#hashByJti.get(session.jti) ?? '');
    this.#entries.set(hash, { session, servesUntilMs: nowMs + ttlMs });
    this.#hashByJti.set(session.jti, hash);
    if (this.#entries.size > maxTokens) this.#remove(this.#entries.keys().next().value ?? '');
  }

  drop(jtis: readonly string[]): void {
    for (const jti of jtis) {
      this.#note(jti);
      this.#remove(this.#hashByJti.get(jti) ?? '');
    }
  }

  dropUser(userID: string): void {
    this.#note(userKey(userID));
    for (const [hash, { session }] of this.#entries) {
      if (session.userID === userID) this.#remove(hash);
    }
  }

  clear(): void {
    this.#unknownBefore = ++this.#drops;
    this.#recentSince = this.#drops;
    this.#recentDrops.clear();
    this.#earlierDrops.clear();
    this.#entries.clear();
    this.#hashByJti.clear();
  }

  /** @param isHearing false while tokens may end without being dropped here */
  setHearing(isHearing: boolean): void {
    this.#isHearing = isHearing;
    this.clear();
  }

  #wasDropped({ jti, userID }: Session, snapshot: Snapshot): boolean {
    if (snapshot < this.#unknownBefore) return true;
    return this.#lastDropOf(jti) > snapshot || this.#lastDropOf(userKey(userID)) > snapshot;
  }

  #lastDropOf(key: string): number {
    return this.#recentDrops.get(key) ?? this.#earlierDrops.get(key) ?? 0;
  }

  #note(key: string): void {
    this.#recentDrops.set(key, ++this.#drops);
    if (this.#recentDrops.size < maxRecentDrops) return;
    // All that the earlier ones knew came before the first of the recent ones.
    this.#unknownBefore = this.#recentSince;
    this.#earlierDrops = this.#recentDrops;
    this.#recentDrops = new Map();
    this.#recentSince = this.#drops;
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
  /** Monotonic, exclusive. */
  readonly servesUntilMs: number;
}

/** No jti has a space. */
function userKey(userID: string): string {
  return `user ${userID}`;
}

/** Tokens themselves are not kept, not even in memory (T6). */
function hashOf(token: string): string {
  return hash('sha256', token, 'base64url');
}
