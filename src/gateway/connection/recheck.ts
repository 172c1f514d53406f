/**
 * Looks again at the tokens behind the open sockets, after a time in which this node may have missed what happened to
 * tokens: it did not hear of other nodes, or the store could not be asked (T4, T7).
 */
import type { Logger } from '../../telemetry/logger.ts';
import type { TokenAuthority } from '../../tokens/authority.ts';
import type { TokenEvents } from '../../tokens/events.ts';
import type { Hub } from '../hub.ts';
import { closeReasons } from './close-reason.ts';
import type { Session } from './session.ts';

export interface RecheckOptions {
  readonly hub: Pick<Hub, 'all'>;
  readonly authority: Pick<TokenAuthority, 'lookAgain'>;
  readonly events: TokenEvents;
  readonly logger: Logger;
}

/** Looked at side by side: ten thousand sockets are no reason to keep logins waiting. */
const width = 50;

export class Recheck implements Disposable {
  readonly #options: RecheckOptions;
  readonly #stops: readonly (() => void)[];
  #isRunning = false;
  #isAskedAgain = false;

  constructor(options: RecheckOptions) {
    this.#options = options;
    this.#stops = [
      options.events.on('hearing', ({ isHearing }) => {
        if (isHearing) this.#begin();
      }),
      options.events.on('storeUp', () => this.#begin()),
    ];
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }

  #begin(): void {
    this.#isAskedAgain = true;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    const { hub, logger } = this.#options;
    this.#isRunning = true;
    while (this.#isAskedAgain) {
      this.#isAskedAgain = false;
      const sessions = [...hub.all].values();
      const work = async () => {
        for (const session of sessions) await this.#lookAt(session);
      };
      // A store that has failed again will be back, and then everything is looked at once more.
      await Promise.all(Array.from({ length: width }, work)).catch((error) =>
        logger.warn({ err: error }, 'open sockets could not be checked against the token store'),
      );
    }
    this.#isRunning = false;
  }

  async #lookAt(session: Session): Promise<void> {
    if (session.isEnding) return;
    const endsAt = await this.#options.authority.lookAgain(session);
    if (endsAt === undefined) session.end(closeReasons.kicked);
    else session.endsAt = Math.min(session.endsAt, endsAt);
  }
}
