/** Whether a call of a back end has sent its message (conversations-messages chapter, 9.1 and 9.6). */
import type { UnitOfWork } from '../kernel/unit-of-work.ts';
import { msgStatus } from '../protocol/numbers/messages.ts';
import type { SendStatusStore } from './send-status-store.ts';

export interface SendStatusesOptions {
  readonly store: SendStatusStore;
  readonly unitOfWork: UnitOfWork;
  /** Unix ms. */
  readonly now: () => number;
  /** Told of a status that could not be kept: the message is on its way all the same. */
  readonly reportFailure: (error: unknown) => void;
}

const keptForMs = 24 * 60 * 60 * 1000;

/** How often, and how many, old ones are forgotten: more than are added. */
const sweepEveryMs = 10_000;
const sweepSize = 10_000;

export class SendStatuses {
  readonly #options: SendStatusesOptions;
  #sweptAt = 0;

  constructor(options: SendStatusesOptions) {
    this.#options = options;
  }

  /** The call with this operationID has sent its message; known for a day. Never throws. */
  async record(operationID: string): Promise<void> {
    const { store, unitOfWork, now, reportFailure } = this.#options;
    try {
      const sentAt = now();
      await unitOfWork.transaction((tx) => store.put(tx, operationID, sentAt));
      if (sentAt - this.#sweptAt < sweepEveryMs) return;
      this.#sweptAt = sentAt;
      await unitOfWork.transaction((tx) => store.forget(tx, sentAt - keptForMs, sweepSize));
    } catch (error) {
      reportFailure(error);
    }
  }

  /** @returns 2 sent, 0 not known */
  async statusOf(operationID: string): Promise<number> {
    const { store, now } = this.#options;
    const sentAt = await store.sentAt(operationID);
    return sentAt !== undefined && sentAt > now() - keptForMs ? msgStatus.sent : 0;
  }
}
