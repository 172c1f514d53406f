/**
 * A token store whose Redis also holds OpenIM's tokens, for the time of a move: whoever asks it need not know that there
 * are such. Leaving it out is all that it takes to be done with them.
 */
import { type Cutoffs, effectiveCutoff } from './cutoffs.ts';
import type { LegacyTokens, MirroredToken } from './legacy-tokens.ts';
import {
  type FoundToken,
  firstTokens,
  type IssueOutcome,
  type IssueRequest,
  type LossCause,
  loginOf,
  type PresentedToken,
  type TokenChange,
  type TokenChangeListener,
  type TokenEndReason,
  type TokenKey,
  type TokenPage,
  type TokenPlace,
  type TokenRecord,
  type TokenSelector,
  type TokenStore,
  type TokenWatch,
  type UserTokens,
} from './token-store.ts';
import type { Telling } from './token-teller.ts';

export class LegacyTokenStore implements TokenStore {
  readonly #store: TokenStore;
  readonly #legacy: LegacyTokens;

  constructor(store: TokenStore, legacy: LegacyTokens) {
    this.#store = store;
    this.#legacy = legacy;
  }

  async issue(request: IssueRequest, text?: string): Promise<IssueOutcome> {
    const { userID } = request.record;
    await this.#legacy.adoptAll(userID);
    const outcome = await this.#store.issue(request, text);
    if (!outcome.isIssued) return outcome;
    if (text !== undefined) await this.#mirror(request.record, text);
    await this.#legacy.mirrorEnded(userID, [...outcome.kicked, ...outcome.superseded]);
    return outcome;
  }

  /** @throws 1505 for a token in a state that OpenIM calls invalid */
  async find(token: TokenKey, presented?: PresentedToken): Promise<FoundToken> {
    const found = await this.#store.find(token, presented);
    if (presented === undefined) return found;
    const record = await this.#legacy.check(presented.claims, presented.text, found.record);
    // What has lost it has mostly lost OpenIM's hash with it.
    if (found.isTakenBack && record?.state === 'live') await this.#mirror(record, presented.text);
    return { ...found, record };
  }

  async kick(
    userID: string,
    selector: TokenSelector,
    reason: TokenEndReason,
    state: 'kicked' | 'revoked',
    tell?: Telling<readonly TokenRecord[]>,
  ): Promise<readonly TokenRecord[]> {
    await this.#legacy.adoptAll(userID);
    const ended = await this.#store.kick(userID, selector, reason, state, tell);
    await this.#legacy.mirrorEnded(userID, ended);
    return ended;
  }

  async list(userID: string, page?: TokenPage): Promise<UserTokens> {
    await this.#legacy.adoptAll(userID);
    return this.#store.list(userID, page);
  }

  /** OpenIM's servers know no cutoffs: of one user, every token that is cut off is marked for them. */
  async cutOff(...cutoff: Parameters<TokenStore['cutOff']>): Promise<boolean> {
    const [userID] = cutoff;
    if (userID === '') return this.#store.cutOff(...cutoff);
    await this.#legacy.adoptAll(userID);
    const hasMoved = await this.#store.cutOff(...cutoff);
    for (let after: TokenPlace | undefined; ; ) {
      const { tokens, cutoffs, next } = await this.#store.list(userID, { ...firstTokens, after });
      const cutOff = tokens.filter((token) => loginOf(token) < effectiveCutoff(token.platformID, cutoffs));
      await this.#legacy.mirrorEnded(
        userID,
        cutOff.map((token) => ({ ...token, state: 'revoked' as const })),
      );
      if (next === undefined) return hasMoved;
      after = next;
    }
  }

  announce(change: TokenChange): Promise<void> {
    return this.#store.announce(change);
  }

  everyonesCutoffs(): Promise<Cutoffs> {
    return this.#store.everyonesCutoffs();
  }

  adopt(record: TokenRecord): Promise<TokenRecord | undefined> {
    return this.#store.adopt(record);
  }

  touch(userID: string, jtis: readonly string[], seenAt: number): Promise<void> {
    return this.#store.touch(userID, jtis, seenAt);
  }

  countLive(): Promise<ReadonlyMap<number, number>> {
    return this.#store.countLive();
  }

  hasForgotten(userID: string): Promise<boolean> {
    return this.#store.hasForgotten(userID);
  }

  explainLoss(userID: string, issuedAt: number): Promise<LossCause> {
    return this.#store.explainLoss(userID, issuedAt);
  }

  /** Whoever ends the token before OpenIM's servers know of it finds nothing of theirs to mark. */
  async #mirror(token: MirroredToken & TokenKey, text: string): Promise<void> {
    await this.#legacy.mirrorIssued(token, text);
    const { record } = await this.#store.find(token);
    if (record !== undefined && record.state !== 'live') await this.#legacy.mirrorEnded(token.userID, [record]);
  }

  async watch(listener: TokenChangeListener): Promise<TokenWatch> {
    await using opened = new AsyncDisposableStack();
    const watch = opened.use(await this.#store.watch(listener));
    opened.use(await this.#legacy.watch());
    const both = opened.move();
    return { isFresh: () => watch.isFresh(), [Symbol.asyncDispose]: () => both.disposeAsync() };
  }

  sweepExpired(): Promise<number> {
    return this.#store.sweepExpired();
  }

  ping(): Promise<void> {
    return this.#store.ping();
  }
}
