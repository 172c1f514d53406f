/**
 * Whether a token is good, here and now. The token itself is judged first, then what the store says of it; a store that
 * cannot be asked says nothing about the token (T5). Protocol: rest-core.md 5.7.
 */
import { platforms } from '../protocol/constants.ts';
import { errors, ProtocolError } from '../protocol/errors.ts';
import type { TokenClaims, TokenCodec } from './claims.ts';
import { type Cutoffs, effectiveCutoff } from './cutoffs.ts';
import type { TokenEvents } from './events.ts';
import { EveryonesCutoffs } from './everyones-cutoffs.ts';
import type { LegacyTokens } from './legacy-tokens.ts';
import { LossReporter } from './loss-reporter.ts';
import type { Session } from './session.ts';
import type { KeyRing, SigningKeys } from './signing-keys.ts';
import { type StoreOutage, storeFailure } from './store-outage.ts';
import type { TokenChange, TokenRecord, TokenStore } from './token-store.ts';
import { VerifiedTokens, type VerifiedTokensOptions } from './verified-tokens.ts';

export interface TokenVerifierOptions {
  readonly store: TokenStore;
  readonly codec: TokenCodec;
  /** Those of the codec. */
  readonly keys: SigningKeys;
  readonly adminUserIDs: ReadonlySet<string>;
  /** Unix ms. */
  readonly clock: () => number;
  readonly events: TokenEvents;
  readonly cache: VerifiedTokensOptions;
  readonly outage: StoreOutage;
  readonly legacy: LegacyTokens | undefined;
}

export class TokenVerifier {
  readonly everyonesCutoffs: EveryonesCutoffs;
  readonly #options: TokenVerifierOptions;
  readonly #verified: VerifiedTokens;
  readonly #losses: LossReporter;
  #keyRing: KeyRing;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#verified = new VerifiedTokens(options.cache);
    this.everyonesCutoffs = new EveryonesCutoffs(options.store);
    this.#losses = new LossReporter(options);
    this.#keyRing = options.keys.ring;
    // Tokens that OpenIM's servers have ended are told of by nobody else in this process.
    options.events.on('tokensEnded', ({ jtis }) => this.#verified.drop(jtis));
  }

  /**
   * Whose token this is, if it is accepted now.
   * @throws 1501, 1503, 1504, 1505 for what the token itself says; 1506 kicked or revoked; 1507 unknown, or superseded
   * and out of grace; 500, never 15xx, if the store fails (T5)
   */
  async verify(token: string): Promise<Session> {
    const { clock, events, keys } = this.#options;
    // A key may have been retired, and its tokens with it.
    if (this.#keyRing !== keys.ring) this.#verified.clear();
    this.#keyRing = keys.ring;
    const cached = this.#verified.get(token, clock());
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

  /** Something ended tokens, on whatever node. */
  hear(change: TokenChange): void {
    if (change.kind === 'ended') this.#verified.drop(change.tokens.map(({ jti }) => jti));
    if (change.kind === 'superseded') this.#verified.drop(change.jtis);
    if (change.kind === 'cutoff') {
      if (change.userID === '') this.everyonesCutoffs.raise(change.platformID, change.notBefore);
      this.#verified.clear();
    }
  }

  /** @param isHearing false while changes by other nodes may be missed: then the store is asked every time */
  setHearing(isHearing: boolean): void {
    this.everyonesCutoffs.setHearing(isHearing);
    this.#verified.setHearing(isHearing);
  }

  async #verifyUncached(token: string): Promise<Session> {
    const { clock, codec, outage } = this.#options;
    const claims = codec.verify(token, clock());
    const snapshot = this.#verified.snapshot();
    let found: Found;
    try {
      found = await this.#ask(claims, token);
      outage.ended();
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      return this.#withoutStore(claims, error);
    }
    const session = this.#judge(claims, found);
    this.#verified.put(token, session, snapshot, clock());
    return session;
  }

  async #ask(claims: TokenClaims, token: string): Promise<Found> {
    const { store, legacy } = this.#options;
    const [own, everyones] = await Promise.all([store.find(claims), this.everyonesCutoffs.current()]);
    const record = legacy === undefined ? own.record : await legacy.check(claims, token, own.record);
    return { record, cutoffs: [own.cutoffs, everyones] };
  }

  /** @throws 1501, 1506, 1507 */
  #judge(claims: TokenClaims, { record, cutoffs }: Found): Session {
    const { userID, platformID, jti, expiresAt } = claims;
    const now = this.#options.clock();
    // It may have come to its end while the store was asked, which then no longer knows it.
    if (now >= expiresAt) throw errors.tokenExpired();
    if (record === undefined) {
      // Ended tokens are remembered to their end, so nobody took this one away. One of OpenIM's may just be gone.
      if (claims.isOurs) this.#losses.report(claims);
      throw this.#refusal(claims, errors.tokenNotExist());
    }
    if (record.state === 'kicked' || record.state === 'revoked') throw this.#refusal(claims, errors.tokenKicked());
    if (record.issuedAt < effectiveCutoff(platformID, ...cutoffs)) throw this.#refusal(claims, errors.tokenKicked());
    const isAdmin = this.#options.adminUserIDs.has(userID);
    const endsAt = Math.min(expiresAt, acceptedEnd(record, isAdmin));
    if (now >= endsAt) throw this.#refusal(claims, errors.tokenNotExist());
    return { userID, platformID, jti, isAdmin, issuedAt: record.issuedAt, expiresAt, endsAt };
  }

  /**
   * For as long as the operator allows it, a signature is enough while the store cannot be asked.
   * @throws 500
   */
  #withoutStore(claims: TokenClaims, failure: unknown): Session {
    const { clock, outage, adminUserIDs } = this.#options;
    const { userID, platformID, jti, issuedAt, expiresAt } = claims;
    // The token says its age only to the second: in doubt it is too old.
    const isCutOff = issuedAt < effectiveCutoff(platformID, this.everyonesCutoffs.lastKnown);
    if (!outage.accepts(failure) || isCutOff) throw storeFailure(failure);
    if (clock() >= expiresAt) throw errors.tokenExpired();
    return { userID, platformID, jti, isAdmin: adminUserIDs.has(userID), issuedAt, expiresAt, endsAt: expiresAt };
  }

  #refusal({ userID, platformID, jti }: TokenClaims, error: ProtocolError): ProtocolError {
    const by = { userID, operationID: '' };
    this.#options.events.emit('tokenRefused', { what: 'use', code: error.code, userID, platformID, jti, by });
    return error;
  }
}

interface Found {
  readonly record: TokenRecord | undefined;
  readonly cutoffs: readonly Cutoffs[];
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
