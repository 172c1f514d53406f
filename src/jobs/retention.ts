/** Erasing messages that are older than the server keeps them (conversations-messages chapter, 8.5). */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { MessageStore, OldMessage } from '../log/message-store.ts';
import type { Job, Step } from './jobs.ts';

export interface RetentionOptions {
  readonly messages: Pick<MessageStore, 'oldest' | 'raiseMinSeqToFirst'>;
  readonly eraser: { eraseWithin(tx: Transaction, logID: string, seqs: readonly number[]): Promise<readonly number[]> };
  /** How long messages are kept, in ms. */
  readonly keepMs: number;
  /** Unix ms. */
  readonly now: () => number;
  /** What a wrong clock erases is gone for good. */
  readonly isClockSteady: () => boolean;
  readonly onErased: (messages: number) => void;
}

const messagesAtOnce = 200;
/** Of one step, messages with what goes with them; one that has more of it than this is a step of its own. */
const rowsAtOnce = 500;
const logsAtOnce = 20;

export class Retention implements Job {
  readonly name = 'retention';
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  heldBack(): string | undefined {
    if (this.#options.keepMs === 0) return 'retainMessages is 0';
    return this.#options.isClockSteady() ? undefined : 'the clock was set of late';
  }

  /** The oldest first, of all conversations. A log begins, afterwards, with its first message that is left. */
  async sweep(step: Step, progress: (more: number) => void): Promise<void> {
    const { messages, keepMs, now } = this.#options;
    for (;;) {
      const old = await messages.oldest(now() - keepMs, messagesAtOnce);
      if (old.length === 0) return;
      for (const byLog of pieces(old)) progress(await step((tx) => this.#erase(tx, byLog)));
    }
  }

  /** @returns how many it was */
  async #erase(tx: Transaction, byLog: SeqsByLog): Promise<number> {
    const { messages, eraser, onErased } = this.#options;
    let erased = 0;
    for (const [logID, seqs] of byLog) {
      erased += (await eraser.eraseWithin(tx, logID, seqs)).length;
      await messages.raiseMinSeqToFirst(tx, logID);
    }
    tx.afterCommit(() => onErased(erased));
    return erased;
  }
}

type SeqsByLog = ReadonlyMap<string, readonly number[]>;

/** What one step erases, logs in order: whoever locks several locks them so. */
function* pieces(old: readonly OldMessage[]): Generator<SeqsByLog> {
  let piece = new Map<string, number[]>();
  let rows = 0;
  const byLog = [...Map.groupBy(old, ({ logID }) => logID)].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const { logID, seq, rowsBeside } of byLog.flatMap(([, messages]) => messages)) {
    const isFull = rows + 1 + rowsBeside > rowsAtOnce || (piece.size === logsAtOnce && !piece.has(logID));
    if (isFull && rows > 0) {
      yield piece;
      piece = new Map();
      rows = 0;
    }
    piece.set(logID, [...(piece.get(logID) ?? []), seq]);
    rows += 1 + rowsBeside;
  }
  yield piece;
}
