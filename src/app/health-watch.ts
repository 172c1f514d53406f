/** Looks every few seconds at whether this node is ready, and tells the metrics, and the log when that changes. */
import { statfs } from 'node:fs/promises';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface HealthWatchOptions {
  /** What is missing, by name, as `/readyz` tells it. Never rejects, but may take long. */
  readonly missing: () => Promise<readonly string[]>;
  /** The names among them that are stores. */
  readonly stores: readonly string[];
  /** Where the free space of the disk is looked at. */
  readonly dataDir: string;
  readonly metrics: Pick<Metrics, 'ready' | 'storeUp' | 'diskFree' | 'diskSize'>;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

export class HealthWatch {
  readonly #options: HealthWatchOptions;
  #isLooking = false;
  /** What was missing when it was looked for last. */
  #missing = '';

  constructor(options: HealthWatchOptions) {
    this.#options = options;
    options.metrics.ready.set(0);
    for (const store of options.stores) options.metrics.storeUp.set({ store }, 0);
  }

  /** To be called every few seconds. One look that takes longer than that finds the node not ready. */
  async look(): Promise<void> {
    if (this.#isLooking) {
      this.#tell(['an answer']);
      return;
    }
    this.#isLooking = true;
    try {
      const [missing] = await Promise.all([this.#options.missing(), this.#lookAtDisk()]);
      const { stores, metrics } = this.#options;
      for (const store of stores) metrics.storeUp.set({ store }, missing.includes(store) ? 0 : 1);
      this.#tell(missing);
    } finally {
      this.#isLooking = false;
    }
  }

  #tell(missing: readonly string[]): void {
    const { metrics, logger } = this.#options;
    metrics.ready.set(missing.length === 0 ? 1 : 0);
    const names = missing.join(', ');
    if (names === this.#missing) return;
    this.#missing = names;
    if (names === '') logger.info('ready again');
    else logger.warn({ missing }, 'not ready');
  }

  async #lookAtDisk(): Promise<void> {
    const { dataDir, metrics } = this.#options;
    const disk = await statfs(dataDir).catch(() => undefined);
    if (disk === undefined) return;
    metrics.diskFree.set(disk.bavail * disk.bsize);
    metrics.diskSize.set(disk.blocks * disk.bsize);
  }
}
