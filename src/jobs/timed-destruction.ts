/**
 * Retention by owners: in a conversation with `isMsgDestruct` messages leave its owner's window `msgDestructTime` after they
 * were sent (conversations-messages chapter, 8.5), each with the first sweep after its end and not before.
 */
import type { DestructionStore, DueConversation } from '../conversations/conversation-store.ts';
import { giveWay } from '../kernel/time-slices.ts';
import type { MessageStore } from '../log/message-store.ts';
import { conversationNotice } from '../notices/catalogue/conversations.ts';
import type { Notifier } from '../notices/notifier.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { Job, Step } from './jobs.ts';

export interface TimedDestructionOptions {
  readonly conversations: DestructionStore;
  readonly messages: Pick<MessageStore, 'times'>;
  readonly versionLog: Pick<VersionLog, 'record'>;
  readonly notifier: Pick<Notifier, 'notify'>;
  /** Unix ms. */
  readonly now: () => number;
  readonly hasClockStepped: () => boolean;
  readonly newOperationID: () => string;
  readonly onDestructed: () => void;
}

const conversationsAtOnce = 100;
const messagesAtOnce = 500;

export class TimedDestruction implements Job {
  readonly name = 'timed-destruction';
  readonly #options: TimedDestructionOptions;

  constructor(options: TimedDestructionOptions) {
    this.#options = options;
  }

  heldBack(): string | undefined {
    return this.#options.hasClockStepped() ? 'the clock was set of late' : undefined;
  }

  async sweep(step: Step, progress: (more: number) => void): Promise<void> {
    const { conversations, now } = this.#options;
    for (;;) {
      // Each is due later once it was looked at.
      const due = await conversations.dueForDestruction(now(), conversationsAtOnce);
      if (due.length === 0) return;
      for (const conversation of due) {
        await this.#destruct(step, conversation);
        progress(1);
      }
    }
  }

  async #destruct(step: Step, due: DueConversation): Promise<void> {
    const { conversations, versionLog, notifier, now, newOperationID, onDestructed } = this.#options;
    const at = now();
    const destructMs = due.msgDestructSeconds * 1000;
    const { firstSeq, oldestAt } = await this.#left(due, at - destructMs);
    const minSeq = firstSeq > due.lower ? firstSeq : 0;
    // What comes later ends later than what was there now would.
    const dueAt = Math.min(oldestAt ?? at, at) + destructMs;
    await step(async (tx) => {
      const hasMoved = await conversations.destruct(tx, due, { minSeq, at, dueAt });
      if (!hasMoved) return;
      const { ownerUserID, conversationID } = due;
      const changes = [{ itemID: conversationID, state: 'update' as const }];
      await versionLog.record(tx, 'conversations', [{ ownerID: ownerUserID, changes }]);
      await notifier.notify(tx, { operationID: newOperationID() }, conversationNotice(ownerUserID, [conversationID]));
      tx.afterCommit(onDestructed);
    });
  }

  /** The first message in the window that was sent after `until`; all before it have come to their end. */
  async #left({ logID, lower, upper }: DueConversation, until: number): Promise<Left> {
    let after = lower - 1;
    for (;;) {
      const page = await this.#options.messages.times(logID, after, messagesAtOnce);
      for (const { seq, sentAt } of page) {
        if (seq > upper) return { firstSeq: after + 1, oldestAt: undefined };
        if (sentAt > until) return { firstSeq: after + 1, oldestAt: sentAt };
        after = seq;
      }
      if (page.length < messagesAtOnce) return { firstSeq: after + 1, oldestAt: undefined };
      // Within the process a page is there at once: nobody else would have a turn in a long conversation.
      await giveWay();
    }
  }
}

interface Left {
  readonly firstSeq: number;
  /** Of the message there, Unix ms; undefined: there is none. */
  readonly oldestAt: number | undefined;
}
