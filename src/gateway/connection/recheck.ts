/**
 * Looks again at the tokens behind the open sockets, when this node may have missed what happened to tokens: it does
 * not hear of other nodes, stood still, or could not ask the store (T4, T7).
 */
import type { Logger } from '../../telemetry/logger.ts';
import type { TokenAuthority } from '../../tokens/authority.ts';
import type { TokenEvents } from '../../tokens/events.ts';
import type { RunningSession } from '../../tokens/verifier.ts';
import type { Hub } from '../hub.ts';
import { closeReasons } from './close-reason.ts';
import type { Session } from './session.ts';

/** Of this node among others. */
export interface NodeLease {
  /** Whether the others count this node as alive. */
  readonly isHeld: boolean;
  /** Has them do so again, unless they cannot be told. Never rejects. */
  hold(): Promise<void>;
}

export interface RecheckOptions {
  readonly hub: Pick<Hub, 'all'>;
  readonly authority: Pick<TokenAuthority, 'lookAgain' | 'hearsAll'>;
  readonly events: TokenEvents;
  readonly logger: Logger;
  /** Undefined where there are no other nodes. */
  readonly lease?: NodeLease | undefined;
  /** Milliseconds that only go forward. */
  readonly monotonicMs: () => number;
}

type Checked = Pick<Session, keyof RunningSession | 'confirmedAtMs' | 'isEnding' | 'end'>;

/** Looked at side by side: ten thousand sockets are no reason to keep logins waiting. */
const width = 50;

/** While not everything is heard, how long an answer of the store is good for. */
const freshMs = 1000;

/** While nothing is heard, between two looks at sockets that ask for nothing. */
const betweenLooksMs = 5000;

export class Recheck implements Disposable {
  readonly #options: RecheckOptions;
  readonly #stops: readonly (() => void)[];
  #isRunning = false;
  #isAskedAgain = false;
  /** Nothing is heard of other nodes. */
  #isDeaf = false;
  /** What happened before may have been missed; by the monotonic clock. */
  #missedUntilMs = Number.NEGATIVE_INFINITY;
  /** The store cannot be asked, and the operator wants signatures to be enough. */
  #isAccepting = false;
  #nextLook: NodeJS.Timeout | undefined;

  constructor(options: RecheckOptions) {
    const { events, monotonicMs } = options;
    this.#options = options;
    this.#stops = [
      events.on('hearing', ({ isHearing }) => {
        this.#isDeaf = !isHearing;
        this.#missedUntilMs = monotonicMs();
        this.#begin();
      }),
      events.on('storeDown', ({ accepting }) => {
        this.#isAccepting = accepting;
      }),
      events.on('storeUp', () => {
        this.#isAccepting = false;
        this.#begin();
      }),
      () => clearTimeout(this.#nextLook),
    ];
  }

  [Symbol.dispose](): void {
    // A look that is under way would plan the next one.
    this.#isDeaf = false;
    for (const stop of this.#stops) stop();
  }

  /** Whether others, and the store, have to be asked before the session's next request is served. */
  isDue({ confirmedAtMs }: Pick<Checked, 'confirmedAtMs'>): boolean {
    if (confirmedAtMs <= this.#missedUntilMs || this.#options.lease?.isHeld === false) return true;
    // A process that has stood still has not been told that it hears nothing.
    const hearsAll = !this.#isDeaf && this.#options.authority.hearsAll();
    return !hearsAll && this.#options.monotonicMs() - confirmedAtMs > freshMs;
  }

  /**
   * Ends the session if its token has been ended.
   * @returns why the request cannot be served: the store's failure, unless signatures are enough
   */
  async confirm(session: Checked): Promise<unknown> {
    try {
      // A node that has stood still is found by nobody: what the request brings about would not come here.
      if (this.#options.lease?.isHeld === false) await this.#options.lease.hold();
      await this.#lookAt(session);
    } catch (error) {
      if (!this.#isAccepting) return error;
    }
  }

  #begin(): void {
    this.#isAskedAgain = true;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    const { hub, logger } = this.#options;
    this.#isRunning = true;
    clearTimeout(this.#nextLook);
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
    if (this.#isDeaf) this.#nextLook = setTimeout(() => this.#begin(), betweenLooksMs);
  }

  async #lookAt(session: Checked): Promise<void> {
    if (session.isEnding) return;
    const askedAtMs = this.#options.monotonicMs();
    const endsAt = await this.#options.authority.lookAgain(session);
    if (endsAt === undefined) return session.end(closeReasons.kicked);
    session.endsAt = Math.min(session.endsAt, endsAt);
    session.confirmedAtMs = askedAtMs;
  }
}
