/**
 * A counter for what each request does: prom-client writes a text of the labels each time. Here the values of up to two
 * labels lead to a number, and what has been counted is handed over when somebody looks.
 */
import { Counter, type CounterConfiguration } from 'prom-client';
import { type LabelValue, TallyTable } from './tally-table.ts';

export class TallyCounter<Label extends string> extends Counter<Label> {
  readonly #labelNames: readonly Label[];
  readonly #tallies = new TallyTable(() => ({ count: 0 }));

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
    this.#tallies.of(first, second).count += by;
  }

  #handOver(): void {
    const [firstName, secondName] = this.#labelNames;
    for (const [first, second, tally] of this.#tallies) {
      const labels = [[firstName, first], ...(secondName === undefined ? [] : [[secondName, second]])];
      this.inc(Object.fromEntries(labels), tally.count);
      tally.count = 0;
    }
  }
}
