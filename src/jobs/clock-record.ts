/**
 * Whether the clock may be believed by what deletes for good. A process that is young cannot know by itself: the database
 * keeps since when the servers' clocks have gone steadily, so that one that is restarted every half hour deletes too.
 */
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';

export interface ClockStore {
  /**
   * Notes that a clock says `at`, and decides by what was noted before. All times are Unix ms.
   * @returns what `steadySince` has decided
   */
  seeClock(tx: Transaction, at: number, steadySince: (row: ClockRow | undefined) => number): Promise<number>;
}

interface ClockRow {
  readonly since: number;
  /** The last time that one was looked at. */
  readonly seenAt: number;
}

export interface ClockRecordOptions {
  readonly store: ClockStore;
  readonly unitOfWork: UnitOfWork;
  /** What this process has seen of its clock. */
  readonly watch: { isSteady(): boolean; hasStepped(): boolean };
  /** Unix ms. */
  readonly now: () => number;
}

export class ClockRecord {
  readonly #options: ClockRecordOptions;
  #steadySince: number | undefined;
  #lookedAt = 0;

  constructor(options: ClockRecordOptions) {
    this.#options = options;
  }

  /** To be called every so often; writes once a minute. */
  async look(): Promise<void> {
    const { store, unitOfWork, watch, now } = this.#options;
    const at = now();
    if (this.#steadySince !== undefined && Math.abs(at - this.#lookedAt) < writeEveryMs) return;
    this.#steadySince = await unitOfWork.transaction((tx) =>
      store.seeClock(tx, at, (row) => {
        const goesOn = row !== undefined && at - row.seenAt < longestGapMs && row.seenAt - at < clocksDifferMs;
        return goesOn && !watch.hasStepped() ? row.since : at;
      }),
    );
    this.#lookedAt = at;
  }

  /** For an hour: in this process, or in those before it and beside it without a gap. */
  isSteady(): boolean {
    const { watch, now } = this.#options;
    if (watch.isSteady()) return true;
    if (watch.hasStepped() || this.#steadySince === undefined) return false;
    return now() - this.#steadySince >= steadyAfterMs;
  }
}

const writeEveryMs = 60_000;
const steadyAfterMs = 3_600_000;
/** Between two looks; longer, and nobody knows whether the time has passed or the clock was set. */
const longestGapMs = 600_000;
const clocksDifferMs = 120_000;
