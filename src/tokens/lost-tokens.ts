/**
 * Tokens that a store has lost: they are ended without its knowing them, for good, and one that nothing has ended is taken
 * in again when it is shown.
 */
import { errors } from '../protocol/errors.ts';
import { platforms } from '../protocol/numbers/platforms.ts';
import type { TokenClaims } from './claims.ts';
import { allPlatforms } from './cutoffs.ts';
import type { EndRecorder } from './end-recorder.ts';
import { cutOff, endedRecord, hasEnded, isCutOff } from './ended-record.ts';
import { hasRoomFor, type LoginPolicy, roomsOf } from './policy.ts';
import { keyMark } from './signing-keys.ts';
import { type KnownEnds, type TokenEndStore, unknownPlatform } from './token-end-store.ts';
import type { LossCause, TokenEndReason, TokenRecord, TokenSelector, TokenStore } from './token-store.ts';
import type { StoreMemory } from './token-store-memory.ts';

export interface LostTokensOptions {
  /** That has lost them. */
  readonly store: TokenStore;
  readonly memory: Pick<StoreMemory, 'restore'>;
  readonly ends: TokenEndStore;
  readonly recorder: Pick<EndRecorder, 'record'>;
  /** Looks whether the store is still the one that it was, and has it say what another one may lack. */
  readonly look: () => Promise<void>;
  /** Kicks by the login policy, on disk and in the store. */
  readonly displace: (userID: string, jtis: readonly string[]) => Promise<readonly TokenRecord[]>;
  /** No token lives longer. */
  readonly longestLifeMs: number;
  readonly loginPolicy: LoginPolicy;
  /** Tokens of one user that were ended by their names while the store did not know them; 100 by default. */
  readonly maxUnknownEnds?: number;
  /** Unix ms. */
  readonly clock: () => number;
  readonly observer: LostTokensObserver;
}

export interface LostTokensObserver {
  /** A token that the store had lost was shown, and taken in again. */
  onTakenBack(token: Pick<TokenRecord, 'userID' | 'jti'>, cause: LossCause): void;
}

export class LostTokens {
  readonly #options: LostTokensOptions;
  /** By jti, those asked first coming first. */
  readonly #causes = new Map<string, { readonly askedAt: number; readonly cause: Promise<LossCause> }>();

  constructor(options: LostTokensOptions) {
    this.#options = options;
  }

  /**
   * What the store has lost is not taken in again after its user was logged out there, nor are its sockets left open: in
   * that respect a logout is a cutoff, on disk for as long as tokens live.
   */
  async cutOff(
    userID: string,
    { platformIDs, exceptJti }: Extract<TokenSelector, { platformIDs: unknown }>,
  ): Promise<void> {
    const { store, ends, clock, longestLifeMs } = this.#options;
    const notBefore = clock();
    const keepUntil = notBefore + longestLifeMs;
    const isEverywhere = Object.values(platforms).every((each) => platformIDs.includes(each));
    for (const platformID of isEverywhere ? [allPlatforms] : platformIDs) {
      const cutoff = { userID, platformID, notBefore };
      if (exceptJti === undefined) {
        await ends.cutOff({ ...cutoff, keepUntil });
        await store.announce({ ...cutoff, kind: 'cutoff' });
      } else {
        await ends.cutOffButOne({ ...cutoff, keepUntil, spares: exceptJti });
        await store.announce({ ...cutoff, kind: 'cutoffButOne', spares: exceptJti });
      }
    }
  }

  /**
   * Tokens that the store does not know, by their names: whatever becomes of them there, they have ended.
   * @returns those that were taken in meanwhile
   * @throws 1001 for more revoked ones than are remembered of a user
   */
  async end(
    userID: string,
    jtis: readonly string[],
    reason: TokenEndReason,
    state: 'kicked' | 'revoked',
  ): Promise<readonly TokenRecord[]> {
    const { store, memory, ends, recorder, clock, longestLifeMs, maxUnknownEnds = 100 } = this.#options;
    const found = await Promise.all(
      jtis.map(async (jti) => {
        const token = { userID, jti, expiresAt: Number.POSITIVE_INFINITY };
        const [{ record }, { end }] = await Promise.all([store.find(token), ends.find(token)]);
        const isOver = end !== undefined && hasEnded(end);
        return record === undefined && !isOver && tokenName.test(jti) ? [jti] : [];
      }),
    );
    const missing = found.flat();
    if (missing.length === 0) return [];
    const now = clock();
    // Before all ends are walked over: nobody has that done any number of times with names of its own.
    if (missing.length + (await ends.countUnknown(userID, now)) > maxUnknownEnds) {
      if (state === 'kicked') return [];
      throw errors.args('too many tokens were revoked that the server does not know: end all of the user’s');
    }
    const known = await ends.findByNames(userID, missing, now);
    const superseded = known
      .filter((end) => !hasEnded(end))
      .map((end) => ({ ...end, state, reason, acceptedUntil: 0 }));
    const unknown = missing.filter((jti) => !known.some((end) => end.jti === jti));
    const times = { issuedAt: now, expiresAt: now + longestLifeMs, acceptedUntil: 0 };
    await recorder.record([
      ...superseded,
      ...unknown.map((jti) => ({ userID, jti, platformID: unknownPlatform, state, reason, ...times })),
    ]);
    // From now on it is found there by its name alone.
    if (known.length > 0) await memory.restore(userID, [...known.filter(hasEnded), ...superseded]);
    const lost = [...superseded.map(({ jti }) => jti), ...unknown];
    if (lost.length === 0) return [];
    const ended = await store.kick(userID, { jtis: lost }, reason, state);
    await recorder.record(ended);
    const tokens = lost.map((jti) => ({ jti, platformID: unknownPlatform }));
    await store.announce({ kind: 'ended', userID, tokens, reason });
    return ended;
  }

  /** @returns undefined for one of which it is not known that the store has had it and lost it */
  async takeBack(claims: TokenClaims, known: KnownEnds): Promise<TokenRecord | undefined> {
    const { store, clock, loginPolicy, displace, observer } = this.#options;
    const { userID, jti, platformID, issuedAt, loginAt, expiresAt, isOurs, needsStore, kid } = claims;
    if (!isOurs || needsStore || expiresAt <= clock()) return undefined;
    const cause = await this.#causeOf(claims);
    if (cause === 'unknown' || (await store.hasForgotten(userID))) return undefined;
    const lost: TokenRecord = {
      ...{ userID, jti, platformID, issuedAt, expiresAt, keyMark: keyMark(kid), deviceName: '', lastSeenAt: 0 },
      ...{ state: 'live', reason: '', acceptedUntil: 0 },
      ...(loginAt === undefined ? {} : { loginAt }),
    };
    // The store need not know of the cutoff: it would take what it has taken in for good.
    if (isCutOff(lost, known)) return cutOff(lost);
    const record = await this.adoptUnlessEnded(lost);
    if (record?.state !== 'live') return record;
    observer.onTakenBack(record, cause);
    // After it was taken in, so that a login at this moment either ends it or is seen here.
    const { tokens } = await store.list(userID);
    const others = tokens.filter((token) => token.jti !== jti);
    if (!hasRoomFor(loginPolicy, record, others)) {
      const [kicked] = await displace(userID, [jti]);
      return kicked ?? record;
    }
    await this.#endEarlier(record, others);
    return record;
  }

  /**
   * Costs several questions to each server, and whoever is refused may ask again and again. That the store did not know a
   * token a moment ago, though it was the one that it was, holds for whoever shows it now.
   */
  #causeOf({ userID, jti, issuedAt }: TokenClaims): Promise<LossCause> {
    const now = this.#options.clock();
    for (const [each, { askedAt }] of this.#causes) {
      if (askedAt <= now && now < askedAt + causeKeptMs) break;
      this.#causes.delete(each);
    }
    const known = this.#causes.get(jti);
    if (known !== undefined) return known.cause;
    const cause = this.#askCause(userID, issuedAt);
    this.#causes.set(jti, { askedAt: now, cause });
    const forget = () => void this.#causes.delete(jti);
    cause.then((found) => found === 'unknown' || forget(), forget);
    return cause;
  }

  async #askCause(userID: string, issuedAt: number): Promise<LossCause> {
    const { store, look } = this.#options;
    const cause = await store.explainLoss(userID, issuedAt);
    if (cause !== 'unknown') return cause;
    // It may have become another one since the last look: whoever is refused now is logged out.
    await look();
    return store.explainLoss(userID, issuedAt);
  }

  /** It may be the later one, of which those knew nothing that were taken in before it. */
  async #endEarlier(record: TokenRecord, others: readonly TokenRecord[]): Promise<void> {
    const { ends, loginPolicy, displace } = this.#options;
    const rooms = roomsOf(loginPolicy, record.platformID);
    const earlier = others.filter((token) => token.state === 'live' && !hasRoomFor(rooms, token, [record]));
    if (earlier.length === 0) return;
    // One that has been renewed has its grace, though the store has forgotten it.
    const known = await Promise.all(earlier.map((token) => ends.find(token)));
    const jtis = earlier.filter((_, index) => known[index]?.end === undefined).map(({ jti }) => jti);
    await displace(record.userID, jtis);
  }

  /** What was ended on disk while it was taken in has not been found in the store by who ended it. */
  async adoptUnlessEnded(record: TokenRecord): Promise<TokenRecord | undefined> {
    const { store, ends, recorder } = this.#options;
    const { userID, jti } = record;
    const adopted = await store.adopt(record);
    if (adopted === undefined || hasEnded(adopted)) return adopted;
    const known = await ends.find(adopted);
    const isEnded = known.end === undefined ? isCutOff(adopted, known) : hasEnded(known.end);
    if (!isEnded) return adopted;
    const { state, reason } = known.end === undefined ? cutOff(adopted) : endedRecord(adopted, known.end);
    const kicked = await store.kick(
      userID,
      { jtis: [jti] },
      reason || 'revoked',
      state === 'kicked' ? state : 'revoked',
    );
    await recorder.record(kicked);
    return kicked[0] ?? { ...adopted, state, reason };
  }
}

/** For so long it is not asked again why a token is not known. */
const causeKeptMs = 1000;

/** As our tokens are named here, and OpenIM's. */
const tokenName = /^(h:)?[\w-]{14}$/;
