/** How late the event loop of this process has been. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export class LoopDelay implements Disposable {
  readonly #histogram = monitorEventLoopDelay({ resolution: 20 });

  constructor() {
    this.#histogram.enable();
  }

  /** The worst since it was last asked, ms. */
  takeMaxMs(): number {
    const { max } = this.#histogram;
    this.#histogram.reset();
    return Math.round(Number.isFinite(max) ? max / 1e6 : 0);
  }

  [Symbol.dispose](): void {
    this.#histogram.disable();
  }
}
