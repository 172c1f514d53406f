/**
 * A counter for what each request does: prom-client writes a text of the labels each time. Here the values of up to two
 * labels lead to a number, and what has been counted is handed over when somebody looks.
 */
import { Counter, type CounterConfiguration } from 'prom-client';

type LabelValue = string | number;

export class TallyCounter<Label extends string> extends Counter<Label> {
  readonly #labelNames: readonly Label[];
  /** By the values of the first and the second label. */
  readonly #tallies = new Map<LabelValue, Map<LabelValue, { count: number }>>();

  constructor(options: CounterConfiguration<Label> & { readonly labelNames: readonly Label[] }) {
    super({
      ...options,
      collect() {
        (this as TallyCounter<Label>).#handOver();
      },
    });
    this.#labelNames = options.labelNames;
  }

  /** @param second of the second label, if there is one */
  tally(first: LabelValue, second: LabelValue = '', by = 1): void {
    const known = this.#tallies.get(first)?.get(second);
    if (known !== undefined) {
      known.count += by;
      return;
    }
    const bySecond = this.#tallies.get(first) ?? new Map<LabelValue, { count: number }>();
    this.#tallies.set(first, bySecond.set(second, { count: by }));
  }

  #handOver(): void {
    const [firstName, secondName] = this.#labelNames;
    for (const [first, bySecond] of this.#tallies) {
      for (const [second, tally] of bySecond) {
        const labels = [[firstName, first], ...(secondName === undefined ? [] : [[secondName, second]])];
        this.inc(Object.fromEntries(labels), tally.count);
        tally.count = 0;
      }
    }
  }
}
