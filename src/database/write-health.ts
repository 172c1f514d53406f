/**
 * Whether the database takes writes. From the first write that fails for a reason of the database's own until a write
 * succeeds, the node is not ready; meanwhile a small write is tried every second.
 */

export interface WriteHealthObserver {
  /** @param error the first cause; what fails after it, for this reason or another, is not told */
  readonly onFailing: (error: unknown) => void;
  readonly onRecovered: (failedForMs: number) => void;
}

export class WriteHealth implements Disposable {
  readonly #observer: WriteHealthObserver;
  readonly #probe: () => Promise<unknown>;
  #failing: { readonly cause: unknown; readonly since: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param probe writes something small; its success and failure are told to this object like any other's */
  constructor(observer: WriteHealthObserver, probe: () => Promise<unknown>) {
    this.#observer = observer;
    this.#probe = probe;
  }

  failed(cause: unknown): void {
    if (this.#failing !== undefined) return;
    this.#failing = { cause, since: performance.now() };
    this.#observer.onFailing(cause);
    this.#timer = setInterval(() => void this.#probe().catch(() => {}), probeEveryMs);
  }

  succeeded(): void {
    if (this.#failing === undefined) return;
    const { since } = this.#failing;
    this.#failing = undefined;
    clearInterval(this.#timer);
    this.#observer.onRecovered(performance.now() - since);
  }

  /** @throws the first cause, while writes fail */
  check(): void {
    if (this.#failing !== undefined) throw this.#failing.cause;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

const probeEveryMs = 1000;
