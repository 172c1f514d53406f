/** What is counted for each combination of the values of up to two labels, found without a text of them. */

export type LabelValue = string | number;

export class TallyTable<Tally> {
  readonly #make: () => Tally;
  /** By the values of the first and the second label. */
  readonly #tallies = new Map<LabelValue, Map<LabelValue, Tally>>();

  /** @param make of one that is new */
  constructor(make: () => Tally) {
    this.#make = make;
  }

  of(first: LabelValue, second: LabelValue): Tally {
    return this.#tallies.get(first)?.get(second) ?? this.#add(first, second);
  }

  *[Symbol.iterator](): Generator<readonly [first: LabelValue, second: LabelValue, tally: Tally]> {
    for (const [first, bySecond] of this.#tallies) {
      for (const [second, tally] of bySecond) yield [first, second, tally];
    }
  }

  #add(first: LabelValue, second: LabelValue): Tally {
    const tally = this.#make();
    const bySecond = this.#tallies.get(first) ?? new Map<LabelValue, Tally>();
    this.#tallies.set(first, bySecond.set(second, tally));
    return tally;
  }
}
