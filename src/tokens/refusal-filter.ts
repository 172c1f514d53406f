/**
 * Which refusals are worth an entry in the audit trail: a client that keeps trying is told of once a minute, and many
 * clients at once do not push everything else out of a trail of limited length.
 */

const windowMs = 60_000;

export class RefusalFilter {
  readonly #monotonicMs: () => number;
  readonly #maxPerMinute: number;
  /** What was admitted within the last minute, oldest first: monotonic ms by key. */
  readonly #admitted = new Map<string, number>();

  /** @param monotonicMs milliseconds that only ever go forward */
  constructor(monotonicMs: () => number, maxPerMinute: number) {
    this.#monotonicMs = monotonicMs;
    this.#maxPerMinute = maxPerMinute;
  }

  /** @param key says what is the same refusal again */
  judge(key: string): 'admitted' | 'repeated' | 'one too many' {
    const nowMs = this.#monotonicMs();
    this.#forgetBefore(nowMs);
    if (this.#admitted.has(key)) return 'repeated';
    if (this.#admitted.size >= this.#maxPerMinute) return 'one too many';
    this.#admitted.set(key, nowMs);
    return 'admitted';
  }

  #forgetBefore(nowMs: number): void {
    for (const [key, at] of this.#admitted) {
      if (at > nowMs - windowMs) return;
      this.#admitted.delete(key);
    }
  }
}
