/** Notes of each message, in its own transaction, that it is to wake whom it does not reach online. */
import type { DeliveryEntry } from '../deliveries/delivery-store.ts';
import type { MessageDeliveries } from '../log/message-store.ts';
import type { MessageTeller } from '../log/pipeline.ts';
import type { MsgData } from '../protocol/gen/openim.ts';
import type { OfflinePushHooks } from './offline-push-hooks.ts';
import { causesPushes, pushEntryOf, pushRowOf } from './push-row.ts';

export interface PushTellerOptions {
  readonly keep: (entries: readonly DeliveryEntry[]) => Promise<void>;
  readonly wake: () => void;
  /** How many rows wait, as last counted. */
  readonly waiting: () => number;
  readonly limits: { readonly maxWaitingPushes: number };
  /** Of a message that wakes nobody, since too many wait. */
  readonly onLeftOut: () => void;
  /** Undefined while nobody outside is asked. */
  readonly hooks?: OfflinePushHooks | undefined;
  /** Unix ms. */
  readonly now: () => number;
}

export class PushTeller implements MessageTeller {
  readonly #options: PushTellerOptions;

  constructor(options: PushTellerOptions) {
    this.#options = options;
  }

  deliveriesOf(message: MsgData, operationID: string): MessageDeliveries | undefined {
    if (!causesPushes(message)) return undefined;
    const { waiting, limits, onLeftOut, hooks, now } = this.#options;
    if (waiting() >= limits.maxWaitingPushes) {
      onLeftOut();
      return undefined;
    }
    const asked = hooks?.bodyOf(message, operationID);
    return ({ seq }) => [pushEntryOf({ ...pushRowOf(message, seq, operationID, now()), asked })];
  }

  keep(entries: readonly DeliveryEntry[]): Promise<void> {
    return this.#options.keep(entries);
  }

  wake(): void {
    this.#options.wake();
  }
}
