/** The cutoffs for everyone, which every verification needs: kept as long as no news of a later one can be missed. */
import { type Cutoffs, noCutoffs } from './cutoffs.ts';
import type { TokenStore } from './token-store.ts';

export class EveryonesCutoffs {
  readonly #store: Pick<TokenStore, 'everyonesCutoffs'>;
  readonly #isFresh: () => boolean;
  #known = noCutoffs;
  #isCurrent = false;
  #isHearing = true;
  #changes = 0;

  /** @param isFresh whether all changes up to a moment ago have been heard; asked at each use */
  constructor(store: Pick<TokenStore, 'everyonesCutoffs'>, isFresh: () => boolean) {
    this.#store = store;
    this.#isFresh = isFresh;
  }

  /** Undefined where the store has to be asked. */
  get known(): Cutoffs | undefined {
    return this.#isCurrent && this.#isFresh() ? this.#known : undefined;
  }

  /** @throws the store's failure */
  async current(): Promise<Cutoffs> {
    const known = this.known;
    if (known !== undefined) return known;
    const changes = this.#changes;
    const read = await this.#store.everyonesCutoffs();
    if (changes === this.#changes) {
      this.#known = read;
      this.#isCurrent = this.#isHearing;
    }
    return read;
  }

  /** What was last heard of, for when the store cannot be asked. */
  get lastKnown(): Cutoffs {
    return this.#known;
  }

  /** A cutoff was moved forward. */
  raise(platformID: number, notBefore: number): void {
    this.#changes++;
    const later = Math.max(this.#known.get(platformID) ?? 0, notBefore);
    this.#known = new Map([...this.#known, [platformID, later]]);
  }

  /** @param isHearing false while a change may be missed */
  setHearing(isHearing: boolean): void {
    this.#changes++;
    this.#isHearing = isHearing;
    this.#isCurrent = false;
  }
}
