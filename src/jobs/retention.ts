/** Erasing messages that are older than the server keeps them (conversations-messages chapter, 8.5). */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { MessageRef, MessageStore } from '../log/message-store.ts';
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

/** Of one step. */
const messagesAtOnce = 200;
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
      const byLog = [...Map.groupBy(old, ({ logID }) => logID)].sort(([a], [b]) => (a < b ? -1 : 1));
      for (let from = 0; from < byLog.length; from += logsAtOnce) {
        progress(await step((tx) => this.#erase(tx, byLog.slice(from, from + logsAtOnce))));
      }
    }
  }

  /** @returns how many it was */
  async #erase(tx: Transaction, byLog: readonly (readonly [string, readonly MessageRef[]])[]): Promise<number> {
    const { messages, eraser, onErased } = this.#options;
    let erased = 0;
    for (const [logID, refs] of byLog) {
      const seqs = refs.map(({ seq }) => seq);
      erased += (await eraser.eraseWithin(tx, logID, seqs)).length;
      await messages.raiseMinSeqToFirst(tx, logID);
    }
    tx.afterCommit(() => onErased(erased));
    return erased;
  }
}
