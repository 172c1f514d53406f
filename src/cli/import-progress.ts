/** How far `tessera tokens import` is: one line on a terminal, and one now and then in a log. */
import type { RedisClient } from '../redis/client.ts';
import { type ImportReport, tokensIn } from '../redis/openim-import-report.ts';

export interface ImportProgressOptions {
  readonly redis: Pick<RedisClient, 'masters'>;
  /** Counts also what an interrupted import did before. */
  readonly report: ImportReport;
  readonly output: { readonly isTTY?: boolean; write(text: string): unknown };
  /** Milliseconds since whenever. */
  readonly now: () => number;
}

const terminalEveryMs = 500;
const logEveryMs = 10_000;

export class ImportProgress {
  readonly #options: ImportProgressOptions;
  readonly #startedMs: number;
  readonly #tokensBefore: number;
  #shownMs: number;

  constructor(options: ImportProgressOptions) {
    this.#options = options;
    this.#startedMs = options.now();
    this.#shownMs = this.#startedMs;
    this.#tokensBefore = tokensIn(options.report);
  }

  get seconds(): number {
    return (this.#options.now() - this.#startedMs) / 1000;
  }

  /** @param looked keys that Redis has looked at in this run */
  async show(looked: number): Promise<void> {
    const { report, output, now } = this.#options;
    if (now() - this.#shownMs < (output.isTTY === true ? terminalEveryMs : logEveryMs)) return;
    this.#shownMs = now();
    const tokens = tokensIn(report);
    const rate = Math.round((tokens - this.#tokensBefore) / this.seconds);
    const text = `${grouped(tokens)} tokens, ${grouped(rate)}/s${await this.#timeLeft(looked)}`;
    output.write(output.isTTY === true ? `\r\x1b[K${text}` : `${text}\n`);
  }

  end(): void {
    const { output } = this.#options;
    if (output.isTTY === true) output.write('\r\x1b[K');
  }

  /** Redis holds other keys too, and more with every token taken in: an estimate. */
  async #timeLeft(looked: number): Promise<string> {
    const masters = await this.#options.redis.masters();
    const sizes = await Promise.all(masters.map((master) => master.command(['DBSIZE'])));
    const total = sizes.map(Number).reduce((sum, size) => sum + size, 0);
    if (looked >= total) return '';
    const seconds = Math.ceil((this.seconds * (total - looked)) / looked);
    return `, about ${seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} left`;
  }
}

function grouped(count: number): string {
  return count.toLocaleString('en');
}
