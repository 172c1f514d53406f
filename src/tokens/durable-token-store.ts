/**
 * A token store that may forget, made one that does not (T4): what ends tokens is on disk before it is acknowledged, and
 * is told again to a store that has come back as another one. Until then, and where single tokens may be thrown away for
 * want of memory, a token that the store takes for good is looked up on disk as well. Tokens themselves are not on disk:
 * one of ours that the store has recognisably lost, and that nothing on disk has ended, is taken in again when it is
 * shown (T1).
 */

import type { Transaction } from '../kernel/unit-of-work.ts';
import { type Cutoffs, isMeantButOne, laterCutoffs } from './cutoffs.ts';
import { EndRecorder } from './end-recorder.ts';
import { cutOff, endedRecord, hasEnded, isCutOff, isUnknown } from './ended-record.ts';
import { LostTokens, type LostTokensObserver, type LostTokensOptions } from './lost-tokens.ts';
import type { KeptCutoff, KeptCutoffButOne, TokenEnd } from './token-end-store.ts';
import type {
  FoundToken,
  IssueOutcome,
  IssueRequest,
  LossCause,
  PresentedToken,
  TokenChange,
  TokenChangeListener,
  TokenEndReason,
  TokenKey,
  TokenPage,
  TokenRecord,
  TokenSelector,
  TokenStore,
  TokenWatch,
  UserTokens,
} from './token-store.ts';
import type { MemoryLook, StoreMemory } from './token-store-memory.ts';
import type { Telling } from './token-teller.ts';

export interface DurableTokenStoreOptions
  extends Omit<LostTokensOptions, 'store' | 'recorder' | 'look' | 'displace' | 'observer'> {
  /** It may forget. */
  readonly store: TokenStore;
  readonly memory: StoreMemory;
  readonly observer: DurableStoreObserver;
}

export interface DurableStoreObserver extends LostTokensObserver {
  /** What the store says of itself, at the first look and whenever it changes. */
  onSettings(look: Pick<MemoryLook, 'mayEvict' | 'mayLose'>): void;
  /** Whether every token is looked up on disk too. */
  onDoubt(isInDoubt: boolean): void;
  /** So many ends could not be written to disk and wait for the next attempt; 0: no longer any. */
  onOwed(ends: number): void;
  /** A store that may have forgotten has been told everything; so many tokens had come back to life or were gone. */
  onRestored(tokens: number): void;
}

export class DurableTokenStore implements TokenStore {
  readonly #options: DurableTokenStoreOptions;
  readonly #recorder: EndRecorder;
  readonly #lost: LostTokens;
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
    this.#lost = new LostTokens({
      ...options,
      recorder: this.#recorder,
      look: () => this.#lookAnew(),
      displace: (userID, jtis) => this.kick(userID, { jtis }, 'policy', 'kicked'),
    });
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
    const known = await ends.find(token);
    const { end, cutoffsButOne } = known;
    const cutoffs = laterCutoffs(found.cutoffs, known.cutoffs);
    if (end === undefined || end.expiresAt <= this.#options.clock()) {
      if (found.record !== undefined) {
        const isMeant = !hasEnded(found.record) && isMeantButOne(found.record, cutoffsButOne);
        return { record: isMeant ? cutOff(found.record) : found.record, cutoffs };
      }
      const isLost = end === undefined && presented !== undefined;
      const record = isLost ? await this.#lost.takeBack(presented.claims, { ...known, cutoffs }) : undefined;
      return { record, cutoffs, cutoffsButOne, ...(record === undefined ? {} : { isTakenBack: true }) };
    }
    const isEnded = found.record !== undefined && hasEnded(found.record);
    return { record: isEnded ? found.record : endedRecord(found.record, end), cutoffs };
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
    // First: who takes one in at this moment either sees it on disk afterwards, or has taken in what is ended here.
    if ('platformIDs' in selector) await this.#lost.cutOff(userID, selector);
    const ended = await store.kick(userID, selector, reason, state);
    if ('jtis' in selector) {
      const left = selector.jtis.filter((jti) => !ended.some((token) => token.jti === jti));
      if (left.length > 0) return [...ended, ...(await this.#endOthers(userID, ended, left, reason, state, tell))];
      await this.#recorder.record(ended, ended.length > 0 ? tell : undefined);
      return ended;
    }
    // Where nothing was left to end, a first attempt may have come to grief between the two stores.
    const isMeant = ({ platformID }: TokenRecord) => selector.platformIDs.includes(platformID);
    const meant = ended.length > 0 ? ended : await this.#endedBefore(userID, isMeant);
    if (meant.length > 0) await this.#recorder.record(meant, tell);
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

  announce(change: TokenChange): Promise<void> {
    return this.#options.store.announce(change);
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
    const known = await ends.find(record);
    if (known.end !== undefined) return store.adopt(endedRecord(record, known.end));
    const adopted = isCutOff(record, known) ? cutOff(record) : record;
    if (adopted.state !== 'live') {
      this.#recorder.requireRoom();
      await this.#recorder.record([adopted]);
    }
    return this.#lost.adoptUnlessEnded(adopted);
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

  /** Named ones that there was nothing to end of: they had ended already, or the store has lost them. */
  async #endOthers(
    userID: string,
    ended: readonly TokenRecord[],
    jtis: readonly string[],
    reason: TokenEndReason,
    state: 'kicked' | 'revoked',
    tell: Telling<readonly TokenEnd[]> | undefined,
  ): Promise<readonly TokenRecord[]> {
    // A first attempt may have come to grief between the two stores.
    const before = await this.#endedBefore(userID, ({ jti }) => jtis.includes(jti));
    const known = [...ended, ...before];
    if (known.length > 0) await this.#recorder.record(known, tell);
    const left = jtis.filter((jti) => !before.some((token) => token.jti === jti));
    return this.#lost.end(userID, left, reason, state);
  }

  /** One that begins from now on: what is under way may have seen the store before whatever happened to it. */
  async #lookAnew(): Promise<void> {
    await this.#looking?.catch(() => {});
    await this.look();
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
    const { store, ends, clock } = this.#options;
    let restored = 0;
    const now = clock();
    for await (const page of inPages<KeptCutoff>((last) => ends.cutoffs(last, now, pageSize))) {
      for (const { userID, platformID, notBefore, keepUntil } of page) {
        await store.cutOff(userID, platformID, notBefore, keepUntil);
      }
    }
    for await (const page of inPages<KeptCutoffButOne>((last) => ends.cutoffsButOne(last, now, pageSize))) {
      for (const cutoff of page) restored += await this.#tellButOne(cutoff);
    }
    for await (const page of inPages<TokenEnd>((last) => ends.ends(last, now, pageSize))) {
      restored += await this.#tellEnds(page);
    }
    return restored;
  }

  /** @returns as {@link #tellEverything} */
  async #tellEnds(ends: readonly TokenEnd[]): Promise<number> {
    const { store, memory } = this.#options;
    const tellOf = async ([userID, ofUser]: readonly [string, readonly TokenEnd[]]) => {
      const [unknown, whole] = [ofUser.filter(isUnknown), ofUser.filter((end) => !isUnknown(end))];
      let restored = await memory.restore(userID, whole);
      for (const { jti, reason, state } of unknown) {
        restored += (
          await store.kick(userID, { jtis: [jti] }, reason || 'revoked', state === 'kicked' ? state : 'revoked')
        ).length;
      }
      return restored;
    };
    // Each user's of a page in one go, and those of all side by side: there may be as many users as ends.
    const restored = await Promise.all([...Map.groupBy(ends, (end) => end.userID)].map(tellOf));
    return restored.reduce((sum, ofUser) => sum + ofUser, 0);
  }

  /** @returns how many it has ended: none that was ended when it was made is live but in a store that had lost it */
  async #tellButOne({ userID, platformID, notBefore, spares }: KeptCutoffButOne): Promise<number> {
    const { store } = this.#options;
    const cutoffs = new Map([[platformID, { notBefore, spares }]]);
    const { tokens } = await store.list(userID);
    const jtis = tokens.filter((token) => !hasEnded(token) && isMeantButOne(token, cutoffs)).map(({ jti }) => jti);
    if (jtis.length === 0) return 0;
    const ended = await store.kick(userID, { jtis }, 'revoked', 'revoked');
    await this.#recorder.record(ended);
    return ended.length;
  }

  async #endedBefore(userID: string, isMeant: (token: TokenRecord) => boolean): Promise<readonly TokenRecord[]> {
    const { tokens } = await this.#options.store.list(userID);
    return tokens.filter((token) => hasEnded(token) && isMeant(token));
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

/** @param pageAfter gives the page after that item, and the first one after none */
async function* inPages<Item>(
  pageAfter: (last: Item | undefined) => Promise<readonly Item[]>,
): AsyncGenerator<readonly Item[]> {
  for (let page = await pageAfter(undefined); page.length > 0; page = await pageAfter(page.at(-1))) yield page;
}
