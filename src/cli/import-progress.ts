/** How far an import is: one line on a terminal, and one now and then in a log. */

export interface ImportProgressOptions {
  /** How many have been dealt with, also by an interrupted import before. */
  readonly count: () => number;
  /** What is counted, such as `tokens`. */
  readonly noun: string;
  readonly output: { readonly isTTY?: boolean; write(text: string): unknown };
  /** Milliseconds since whenever. */
  readonly now: () => number;
}

const terminalEveryMs = 500;
const logEveryMs = 10_000;

export class ImportProgress {
  readonly #options: ImportProgressOptions;
  readonly #startedMs: number;
  readonly #countBefore: number;
  #shownMs: number;
  /** An import that is resumed begins somewhere on the way. */
  #doneBefore: number | undefined;

  constructor(options: ImportProgressOptions) {
    this.#options = options;
    this.#startedMs = options.now();
    this.#shownMs = this.#startedMs;
    this.#countBefore = options.count();
  }

  get seconds(): number {
    return (this.#options.now() - this.#startedMs) / 1000;
  }

  /** @param done the part of the keys that has been looked at, 0 to 1 */
  show(done: number): void {
    const { count, noun, output, now } = this.#options;
    this.#doneBefore ??= done;
    if (now() - this.#shownMs < (output.isTTY === true ? terminalEveryMs : logEveryMs)) return;
    this.#shownMs = now();
    const total = count();
    const rate = Math.round((total - this.#countBefore) / this.seconds);
    const text = `${grouped(total)} ${noun}, ${grouped(rate)}/s${this.#timeLeft(done - this.#doneBefore, 1 - done)}`;
    output.write(output.isTTY === true ? `\r\x1b[K${text}` : `${text}\n`);
  }

  end(): void {
    const { output } = this.#options;
    if (output.isTTY === true) output.write('\r\x1b[K');
  }

  /** By what this run has done so far; empty as long as that says nothing. */
  #timeLeft(done: number, left: number): string {
    if (done <= 0) return '';
    const seconds = Math.ceil((this.seconds * left) / done);
    return `, about ${seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} left`;
  }
}

function grouped(count: number): string {
  return count.toLocaleString('en');
}
