/**
 * Whether a token is good, here and now. The token itself is judged first, then what the store says of it; a store that
 * cannot be asked says nothing about the token (T5). Protocol: rest-core.md 5.7.
 */

import { errors, ProtocolError } from '../protocol/errors.ts';
import { platforms } from '../protocol/numbers/platforms.ts';
import { requireBegun, type TokenClaims, type TokenCodec } from './claims.ts';
import { type Cutoffs, effectiveCutoff, isMeantButOne, noCutoffsButOne } from './cutoffs.ts';
import type { TokenEvents } from './events.ts';
import { EveryonesCutoffs } from './everyones-cutoffs.ts';
import { LossReporter } from './loss-reporter.ts';
import { isAdminToken } from './operator.ts';
import type { Session } from './session.ts';
import { StoreFault, type StoreOutage, storeFailure } from './store-outage.ts';
import { loginOf, type TokenRecord, type TokenStore, type TokenWatch } from './token-store.ts';
import { VerifiedTokens, type VerifiedTokensOptions } from './verified-tokens.ts';

export interface TokenVerifierOptions {
  readonly store: TokenStore;
  readonly codec: TokenCodec;
  readonly adminUserIDs: ReadonlySet<string>;
  /** Unix ms. */
  readonly clock: () => number;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
  readonly events: TokenEvents;
  readonly cache: VerifiedTokensOptions;
  readonly outage: StoreOutage;
  /** Whether the store knows of OpenIM's tokens too. */
  readonly honoursLegacy: boolean;
}

export class TokenVerifier {
  readonly everyonesCutoffs: EveryonesCutoffs;
  readonly #options: TokenVerifierOptions;
  readonly #verified: VerifiedTokens;
  readonly #losses: LossReporter;
  #watch: Pick<TokenWatch, 'isFresh'> | undefined;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#verified = new VerifiedTokens(options.cache);
    this.everyonesCutoffs = new EveryonesCutoffs(options.store, () => this.hearsAll());
    this.#losses = new LossReporter(options);
    this.#follow(options.events);
  }

  /**
   * Whose token this is, if it is accepted now.
   * @throws 1501, 1503, 1504, 1505 for what the token itself says; 1506 kicked or revoked; 1507 unknown, or superseded
   * and out of grace; 500, never 15xx, if the store fails (T5)
   */
  async verify(token: string): Promise<Session> {
    const { clock, monotonicMs, events } = this.#options;
    const cached = this.hearsAll() ? this.#verified.get(token, clock(), monotonicMs()) : undefined;
    if (cached !== undefined) {
      events.emit('tokenVerified', { code: 0, wasCached: true });
      return cached;
    }
    try {
      const session = await this.#verifyUncached(token);
      events.emit('tokenVerified', { code: 0, wasCached: false });
      return session;
    } catch (error) {
      events.emit('tokenVerified', { code: error instanceof ProtocolError ? error.code : 500, wasCached: false });
      throw error;
    }
  }

  /**
   * Until when a session that was verified before may go on, by what the store says now.
   * @returns Unix ms, exclusive; undefined if its token has been ended. A token that the store has lost was not ended:
   * its session goes on.
   * @throws the store's failure
   */
  async lookAgain(session: RunningSession): Promise<number | undefined> {
    const { userID, jti, isAdmin, platformID, loginAt, expiresAt, endsAt } = session;
    const [{ record, cutoffs, cutoffsButOne = noCutoffsButOne }, everyones] = await Promise.all([
      this.#options.store.find({ userID, jti, expiresAt }),
      this.everyonesCutoffs.current(),
    ]);
    if (record === undefined) {
      const isCutOff = loginAt < effectiveCutoff(platformID, cutoffs, everyones);
      return isCutOff || isMeantButOne(session, cutoffsButOne) ? undefined : endsAt;
    }
    if (isEnded(record, [cutoffs, everyones])) return undefined;
    return Math.min(endsAt, acceptedEnd(record, isAdmin));
  }

  /** From now on what is remembered serves only while the watch is fresh: that is judged at each use. */
  relyOn(watch: Pick<TokenWatch, 'isFresh'>): void {
    this.#watch = watch;
  }

  /** Whether all changes of tokens up to a moment ago have been heard of; to be asked at each use of what is known. */
  hearsAll(): boolean {
    return this.#watch?.isFresh() ?? true;
  }

  /** Whatever ends a token, on whatever node, is an event. */
  #follow(events: TokenEvents): void {
    events.on('tokensEnded', ({ jtis }) => this.#verified.drop(jtis));
    events.on('tokensSuperseded', ({ jtis }) => this.#verified.drop(jtis));
    events.on('cutoffRaised', ({ userID, platformID, notBefore }) => {
      if (userID !== '') return this.#verified.dropUser(userID);
      this.everyonesCutoffs.raise(platformID, notBefore);
      this.#verified.clear();
    });
    events.on('keysReplaced', () => this.#verified.clear());
    // While changes may be missed, the store is asked every time.
    events.on('hearing', ({ isHearing }) => {
      this.everyonesCutoffs.setHearing(isHearing);
      this.#verified.setHearing(isHearing);
    });
  }

  async #verifyUncached(token: string): Promise<Session> {
    const { clock, monotonicMs, codec, outage } = this.#options;
    const claims = codec.verify(token, clock());
    const snapshot = this.#verified.snapshot();
    let found: Found;
    try {
      found = await this.#ask(claims, token);
      outage.answered();
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      return this.#withoutStore(claims, error);
    }
    const session = this.#judge(claims, found);
    this.#verified.put(token, session, snapshot, monotonicMs());
    return session;
  }

  async #ask(claims: TokenClaims, text: string): Promise<Found> {
    const finding = this.#options.store.find(claims, { claims, text });
    const known = this.everyonesCutoffs.known;
    const [{ record, cutoffs }, everyones] =
      known === undefined ? await Promise.all([finding, this.everyonesCutoffs.current()]) : [await finding, known];
    return { record, cutoffs: [cutoffs, everyones] };
  }

  /** @throws 1501, 1504 to 1507 */
  #judge(claims: TokenClaims, { record, cutoffs }: Found): Session {
    const { userID, platformID, jti, expiresAt } = claims;
    const now = this.#options.clock();
    // It may have come to its end while the store was asked, which then no longer knows it.
    if (now >= expiresAt) throw errors.tokenExpired();
    if (record === undefined) {
      // Of its last moments the store's clock may think otherwise.
      if (expiresAt - now <= clockToleranceMs) throw errors.tokenExpired();
      requireBegun(claims, now);
      // Ended tokens are remembered to their end, so nobody took this one away. One of OpenIM's may just be gone.
      if (claims.isOurs) this.#losses.report(claims);
      throw this.#refusal(claims, errors.tokenNotExist());
    }
    if (isEnded(record, cutoffs)) throw this.#refusal(claims, errors.tokenKicked());
    const isAdmin = isAdminToken(claims, this.#options.adminUserIDs);
    const endsAt = Math.min(expiresAt, acceptedEnd(record, isAdmin));
    if (now >= endsAt) throw this.#refusal(claims, errors.tokenNotExist());
    const isSuperseded = record.state === 'superseded';
    const { issuedAt } = record;
    const loginAt = loginOf(record);
    return { userID, platformID, jti, isAdmin, issuedAt, loginAt, expiresAt, endsAt, isSuperseded, kid: claims.kid };
  }

  /**
   * For as long as the operator allows it, a signature is enough while the store cannot be asked. What is let in then
   * goes when that time is over, and no token that would not be honoured otherwise gets in.
   * @throws 500
   */
  #withoutStore(claims: TokenClaims, failure: unknown): Session {
    const { clock, outage, adminUserIDs, honoursLegacy } = this.#options;
    const { userID, platformID, jti, issuedAt, expiresAt, kid } = claims;
    const isProven = claims.isOurs && !claims.needsStore;
    // OpenIM would refuse one whose time has not come; of ours that says nothing.
    const isHonoured = isProven || (honoursLegacy && clock() >= claims.notBefore);
    // The token says its age only to the second: in doubt it is too old.
    const isCutOff = issuedAt < effectiveCutoff(platformID, this.everyonesCutoffs.lastKnown);
    const until = failure instanceof StoreFault ? undefined : outage.acceptsUntil(failure);
    if (until === undefined || !isHonoured || isCutOff) throw storeFailure(failure);
    if (clock() >= expiresAt) throw errors.tokenExpired();
    const endsAt = Math.min(expiresAt, until);
    const isAdmin = isAdminToken(claims, adminUserIDs);
    return {
      userID,
      platformID,
      jti,
      isAdmin,
      issuedAt,
      loginAt: issuedAt,
      expiresAt,
      endsAt,
      isSuperseded: false,
      kid,
    };
  }

  #refusal({ userID, platformID, jti }: TokenClaims, error: ProtocolError): ProtocolError {
    const by = { userID, operationID: '' };
    this.#options.events.emit('tokenRefused', { what: 'use', code: error.code, userID, platformID, jti, by });
    return error;
  }
}

/** What {@link TokenVerifier.lookAgain} needs of a session. */
export interface RunningSession
  extends Pick<Session, 'userID' | 'jti' | 'isAdmin' | 'issuedAt' | 'loginAt' | 'expiresAt' | 'endsAt'> {
  readonly platformID: number;
}

interface Found {
  readonly record: TokenRecord | undefined;
  readonly cutoffs: readonly Cutoffs[];
}

/** By how much the store's clock may be ahead of ours. */
const clockToleranceMs = 5000;

function isEnded(record: TokenRecord, cutoffs: readonly Cutoffs[]): boolean {
  const { state, platformID } = record;
  return state === 'kicked' || state === 'revoked' || loginOf(record) < effectiveCutoff(platformID, ...cutoffs);
}

/**
 * Unix ms until which the store has an accepted token accepted; a live one as long as the token itself says.
 * @throws 1507
 */
function acceptedEnd({ state, acceptedUntil, platformID }: TokenRecord, isAdmin: boolean): number {
  if (state === 'live') return Number.POSITIVE_INFINITY;
  // An admin's grace is the admin's, not the token's: it ends with the role.
  if (platformID === platforms.Admin && !isAdmin) throw errors.tokenNotExist();
  return acceptedUntil;
}
