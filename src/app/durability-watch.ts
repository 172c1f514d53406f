/** Tells the log, the metrics and /readyz when PostgreSQL is set so that messages may be lost that were acknowledged. */
import { type DurabilitySettings, lossByCrash, lossByFailover } from '../database/durability.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface DurabilityWatchOptions {
  readonly settings: () => Promise<DurabilitySettings>;
  /** Of several, which are to outlive the loss of a machine. */
  readonly isNode: boolean;
  readonly metrics: Pick<Metrics, 'databaseUnsafe'>;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

export class DurabilityWatch {
  readonly #options: DurabilityWatchOptions;
  #warnings: readonly string[] = [];

  constructor(options: DurabilityWatchOptions) {
    this.#options = options;
  }

  /** For operators; empty if all is well. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** To be called now and then: settings are changed without a restart. Rejects if they cannot be read. */
  async look(): Promise<void> {
    const { settings, isNode, metrics, logger } = this.#options;
    const found = await settings();
    const [crash, failover] = [lossByCrash(found), isNode ? lossByFailover(found) : ''];
    metrics.databaseUnsafe.set({ what: 'crash' }, crash === '' ? 0 : 1);
    metrics.databaseUnsafe.set({ what: 'failover' }, failover === '' ? 0 : 1);
    const before = this.#warnings.join();
    this.#warnings = [
      ...(crash === '' ? [] : [`PostgreSQL: a crash of it loses messages that were acknowledged (${crash})`]),
      ...(failover === ''
        ? []
        : [`PostgreSQL: the loss of its primary loses messages that were acknowledged (${failover})`]),
    ];
    if (this.#warnings.join() === before) return;
    for (const warning of this.#warnings) logger.warn(warning);
    if (this.#warnings.length === 0) logger.info('PostgreSQL keeps what it has acknowledged');
  }
}
