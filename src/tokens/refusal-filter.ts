/**
 * Which refusals are worth an entry in the audit trail: a client that keeps trying is told of once a minute, and many
 * clients at once do not push everything else out of a trail of limited length.
 */

const windowMs = 60_000;

export class RefusalFilter {
  readonly #clock: () => number;
  readonly #maxPerMinute: number;
  /** What was admitted within the last minute, oldest first: Unix ms by key. */
  readonly #admitted = new Map<string, number>();

  /** @param clock Unix ms */
  constructor(clock: () => number, maxPerMinute: number) {
    this.#clock = clock;
    this.#maxPerMinute = maxPerMinute;
  }

  /** @param key says what is the same refusal again */
  judge(key: string): 'admitted' | 'repeated' | 'one too many' {
    const now = this.#clock();
    this.#forgetBefore(now);
    if (this.#admitted.has(key)) return 'repeated';
    if (this.#admitted.size >= this.#maxPerMinute) return 'one too many';
    this.#admitted.set(key, now);
    return 'admitted';
  }

  #forgetBefore(now: number): void {
    for (const [key, at] of this.#admitted) {
      // In the future: the clock has been set back.
      if (at > now - windowMs && at <= now) return;
      this.#admitted.delete(key);
    }
  }
}
