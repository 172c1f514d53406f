/**
 * A token store that may forget, made one that does not (T4): what ends tokens is on disk before it is acknowledged, and
 * is told again to a store that has come back as another one. Until then, and where single tokens may be thrown away for
 * want of memory, a token that the store takes for good is looked up on disk as well. Tokens themselves are not on disk:
 * one of ours that the store has recognisably lost, and that nothing on disk has ended, is taken in again when it is
 * shown (T1).
 */

import type { Transaction } from '../kernel/unit-of-work.ts';
import type { TokenClaims } from './claims.ts';
import { type Cutoffs, effectiveCutoff, laterCutoffs } from './cutoffs.ts';
import { EndRecorder } from './end-recorder.ts';
import { hasRoomFor, type LoginPolicy } from './policy.ts';
import { keyMark } from './signing-keys.ts';
import type { KeptCutoff, TokenEnd, TokenEndStore } from './token-end-store.ts';
import {
  type FoundToken,
  type IssueOutcome,
  type IssueRequest,
  type LossCause,
  loginOf,
  type PresentedToken,
  type TokenChangeListener,
  type TokenEndReason,
  type TokenKey,
  type TokenPage,
  type TokenRecord,
  type TokenSelector,
  type TokenStore,
  type TokenWatch,
  type UserTokens,
} from './token-store.ts';
import type { MemoryLook, StoreMemory } from './token-store-memory.ts';
import type { Telling } from './token-teller.ts';

export interface DurableTokenStoreOptions {
  /** It may forget. */
  readonly store: TokenStore;
  readonly memory: StoreMemory;
  readonly ends: TokenEndStore;
  /** No token lives longer. */
  readonly longestLifeMs: number;
  readonly loginPolicy: LoginPolicy;
  /** Unix ms. */
  readonly clock: () => number;
  readonly observer: DurableStoreObserver;
}

export interface DurableStoreObserver {
  /** What the store says of itself, at the first look and whenever it changes. */
  onSettings(look: Pick<MemoryLook, 'mayEvict' | 'mayLose'>): void;
  /** Whether every token is looked up on disk too. */
  onDoubt(isInDoubt: boolean): void;
  /** So many ends could not be written to disk and wait for the next attempt; 0: no longer any. */
  onOwed(ends: number): void;
  /** A store that may have forgotten has been told everything; so many tokens had come back to life or were gone. */
  onRestored(tokens: number): void;
  /** A token that the store had lost was shown, and taken in again. */
  onTakenBack(token: Pick<TokenRecord, 'userID' | 'jti'>, cause: LossCause): void;
}

export class DurableTokenStore implements TokenStore {
  readonly #options: DurableTokenStoreOptions;
  readonly #recorder: EndRecorder;
  /** Until the first look nobody knows. */
  #isInDoubt = true;
  #doubts = 0;
  /** Doubts that were dealt with when the store was last told everything. */
  #toldAtDoubts = 0;
  #looking: Promise<void> | undefined;
  #settings: string | undefined;

  constructor(options: DurableTokenStoreOptions) {
    this.#options = options;
    this.#recorder = new EndRecorder(options.ends, (ends) => options.observer.onOwed(ends));
  }

  /** The store may have forgotten since: the connection was lost, say. */
  doubt(): void {
    this.#doubts++;
    this.#setDoubt(true);
  }

  /**
   * Sees whether the store is the one that it was and, if it is not, tells it everything again. To be called every second
   * or so.
   * @throws the stores' failures; the doubt then stays
   */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async issue(request: IssueRequest, text?: string): Promise<IssueOutcome> {
    this.#recorder.requireRoom();
    const outcome = await this.#options.store.issue(request, text);
    const { tell } = request;
    const isTold = tell !== undefined && outcome.isIssued;
    await this.#recorder.record(
      [...outcome.kicked, ...outcome.superseded],
      isTold ? { teller: tell.teller, of: () => tell.of(outcome) } : undefined,
    );
    return outcome;
  }

  async find(token: TokenKey, presented?: PresentedToken): Promise<FoundToken> {
    const { store, ends } = this.#options;
    const found = await store.find(token);
    // What the store knows to have ended has ended, whatever else it has forgotten.
    if (found.record !== undefined && !this.#isInDoubt) return found;
    const known = await ends.find(token.userID, token.jti);
    const cutoffs = laterCutoffs(found.cutoffs, known.cutoffs);
    if (known.end === undefined || known.end.expiresAt <= this.#options.clock()) {
      const isLost = found.record === undefined && known.end === undefined && presented !== undefined;
      return { record: isLost ? await this.#takeBack(presented.claims, cutoffs) : found.record, cutoffs };
    }
    const isEnded = found.record?.state === 'kicked' || found.record?.state === 'revoked';
    return { record: isEnded ? found.record : endedRecord(found.record, known.end), cutoffs };
  }

  async kick(
    userID: string,
    selector: TokenSelector,
    reason: TokenEndReason,
    state: 'kicked' | 'revoked',
    tell?: Telling<readonly TokenEnd[]>,
  ): Promise<readonly TokenRecord[]> {
    const { store } = this.#options;
    this.#recorder.requireRoom();
    const ended = await store.kick(userID, selector, reason, state);
    // Where nothing was left to end, a first attempt may have come to grief between the two stores.
    const meant = ended.length > 0 ? ended : await this.#endedBefore(userID, selector);
    if (meant.length > 0) await this.#recorder.record(meant, tell);
    if ('platformIDs' in selector) await this.#endLost(userID, selector, meant.length === 0);
    return ended;
  }

  list(userID: string, page?: TokenPage): Promise<UserTokens> {
    return this.#options.store.list(userID, page);
  }

  async cutOff(
    userID: string,
    platformID: number,
    notBefore: number,
    keepUntil: number,
    tell?: Telling<void>,
  ): Promise<boolean> {
    const { store, ends, longestLifeMs } = this.#options;
    const longest = Math.max(keepUntil, notBefore + longestLifeMs);
    const also = tell && ((tx: Transaction) => tell.teller.tell(tx, tell.of()));
    await ends.cutOff({ userID, platformID, notBefore, keepUntil: longest }, also);
    return store.cutOff(userID, platformID, notBefore, keepUntil);
  }

  /** From both: of all keys this one is used least, and so is the first that goes when memory is short. */
  async everyonesCutoffs(): Promise<Cutoffs> {
    const { store, ends } = this.#options;
    return laterCutoffs(...(await Promise.all([store.everyonesCutoffs(), ends.everyonesCutoffs()])));
  }

  /**
   * One that was ended here is not taken in as if it were good, only because the store has forgotten. One that its issuer
   * has ended is on disk before the store has it: who knows it does not look at the issuer's word again.
   */
  async adopt(record: TokenRecord): Promise<TokenRecord | undefined> {
    const { store, ends } = this.#options;
    const { end } = await ends.find(record.userID, record.jti);
    if (end !== undefined) return store.adopt(endedRecord(record, end));
    if (record.state !== 'live') {
      this.#recorder.requireRoom();
      await this.#recorder.record([record]);
    }
    return store.adopt(record);
  }

  touch(userID: string, jtis: readonly string[], seenAt: number): Promise<void> {
    return this.#options.store.touch(userID, jtis, seenAt);
  }

  countLive(): Promise<ReadonlyMap<number, number>> {
    return this.#options.store.countLive();
  }

  hasForgotten(userID: string): Promise<boolean> {
    return this.#options.store.hasForgotten(userID);
  }

  explainLoss(userID: string, issuedAt: number): Promise<LossCause> {
    return this.#options.store.explainLoss(userID, issuedAt);
  }

  watch(listener: TokenChangeListener): Promise<TokenWatch> {
    return this.#options.store.watch({
      onChange: (change) => listener.onChange(change),
      onLost: () => {
        this.doubt();
        listener.onLost();
      },
      onRestored: () => listener.onRestored(),
    });
  }

  async sweepExpired(): Promise<number> {
    const { store, ends, clock } = this.#options;
    await ends.sweep(clock());
    return store.sweepExpired();
  }

  ping(): Promise<void> {
    return this.#options.store.ping();
  }

  /**
   * What the store has lost is not taken in again after its user was logged out there: in that respect a logout is a
   * cutoff. Where the store knows of no token that was meant, it is one for what is connected and remembered, too.
   */
  async #endLost(
    userID: string,
    { platformIDs, exceptJti }: Extract<TokenSelector, { platformIDs: unknown }>,
    knowsNone: boolean,
  ): Promise<void> {
    const { store, ends, clock, longestLifeMs } = this.#options;
    const { tokens } = exceptJti === undefined ? { tokens: [] } : await store.list(userID);
    const spared = tokens.find(({ jti }) => jti === exceptJti);
    const notBefore = spared === undefined ? clock() : loginOf(spared);
    const keepUntil = clock() + longestLifeMs;
    for (const platformID of platformIDs) {
      await ends.cutOff({ userID, platformID, notBefore, keepUntil });
      if (knowsNone) await store.cutOff(userID, platformID, notBefore, keepUntil);
    }
  }

  /** @returns undefined for one of which it is not known that the store has had it and lost it */
  async #takeBack(claims: TokenClaims, cutoffs: Cutoffs): Promise<TokenRecord | undefined> {
    const { store, clock, loginPolicy, observer } = this.#options;
    const { userID, jti, platformID, issuedAt, loginAt, expiresAt, isOurs, needsStore, kid } = claims;
    if (!isOurs || needsStore || expiresAt <= clock()) return undefined;
    const cause = await store.explainLoss(userID, issuedAt);
    if (cause === 'unknown' || (await store.hasForgotten(userID))) return undefined;
    const lost: TokenRecord = {
      ...{ userID, jti, platformID, issuedAt, expiresAt, keyMark: keyMark(kid), deviceName: '', lastSeenAt: 0 },
      ...{ state: 'live', reason: '', acceptedUntil: 0 },
      ...(loginAt === undefined ? {} : { loginAt }),
    };
    // The store need not know of the cutoff: it would take what it has taken in for good.
    if (loginOf(lost) < effectiveCutoff(platformID, cutoffs)) return { ...lost, state: 'kicked', reason: 'forced' };
    const record = await store.adopt(lost);
    if (record?.state !== 'live') return record;
    observer.onTakenBack(record, cause);
    // After it was taken in, so that a login at this moment either ends it or is seen here.
    const { tokens } = await store.list(userID);
    const others = tokens.filter((token) => token.state === 'live' && token.jti !== jti);
    if (hasRoomFor(loginPolicy, record, others)) return record;
    const [kicked] = await this.kick(userID, { jtis: [jti] }, 'policy', 'kicked');
    return kicked ?? record;
  }

  async #look(): Promise<void> {
    const { memory, observer } = this.#options;
    const doubts = this.#doubts;
    const look = await memory.look();
    this.#tellSettings(look);
    await this.#recorder.settle();
    if (!look.knowsAll || (look.identity === undefined && this.#toldAtDoubts < doubts)) {
      this.#setDoubt(true);
      if (look.isUntold) await this.#learnEverything();
      observer.onRestored(await this.#tellEverything());
      await memory.confirm(look);
      this.#toldAtDoubts = doubts;
    }
    if (doubts === this.#doubts) this.#setDoubt(look.mayEvict !== false);
  }

  /** Versions before this one kept ends in the store alone. */
  async #learnEverything(): Promise<void> {
    const { memory, ends, longestLifeMs } = this.#options;
    for await (const known of memory.knownEnds()) {
      await ends.record(known.ends);
      for (const cutoff of known.cutoffs) {
        await ends.cutOff({ ...cutoff, keepUntil: Math.max(cutoff.keepUntil, cutoff.notBefore + longestLifeMs) });
      }
    }
  }

  /** @returns how many tokens the store had forgotten the end of */
  async #tellEverything(): Promise<number> {
    const { store, memory, ends, clock } = this.#options;
    let restored = 0;
    for await (const { userID, platformID, notBefore, keepUntil } of everyCutoff(ends, clock())) {
      await store.cutOff(userID, platformID, notBefore, keepUntil);
    }
    for await (const [userID, ofUser] of everyEnd(ends, clock())) {
      restored += await memory.restore(userID, ofUser);
    }
    return restored;
  }

  async #endedBefore(userID: string, selector: TokenSelector): Promise<readonly TokenRecord[]> {
    const { tokens } = await this.#options.store.list(userID);
    const isMeant = ({ jti, platformID }: TokenRecord) =>
      'jtis' in selector ? selector.jtis.includes(jti) : selector.platformIDs.includes(platformID);
    return tokens.filter((token) => (token.state === 'kicked' || token.state === 'revoked') && isMeant(token));
  }

  #setDoubt(isInDoubt: boolean): void {
    if (isInDoubt !== this.#isInDoubt) this.#options.observer.onDoubt(isInDoubt);
    this.#isInDoubt = isInDoubt;
  }

  #tellSettings({ mayEvict, mayLose }: MemoryLook): void {
    const settings = `${mayEvict} ${mayLose}`;
    if (settings !== this.#settings) this.#options.observer.onSettings({ mayEvict, mayLose });
    this.#settings = settings;
  }
}

const pageSize = 500;

/** A token as it has ended, with what else the store may still know of it. */
function endedRecord(record: TokenRecord | undefined, end: TokenEnd): TokenRecord {
  return { deviceName: '', lastSeenAt: 0, ...record, ...end };
}

async function* everyCutoff(ends: TokenEndStore, now: number): AsyncGenerator<KeptCutoff> {
  let page = await ends.cutoffs(undefined, now, pageSize);
  while (page.length > 0) {
    yield* page;
    page = await ends.cutoffs(page.at(-1), now, pageSize);
  }
}

/** By user; one with very many comes in several portions. */
async function* everyEnd(ends: TokenEndStore, now: number): AsyncGenerator<[string, readonly TokenEnd[]]> {
  let page = await ends.ends(undefined, now, pageSize);
  while (page.length > 0) {
    yield* Map.groupBy(page, ({ userID }) => userID);
    page = await ends.ends(page.at(-1), now, pageSize);
  }
}
