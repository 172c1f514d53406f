/** The bus of a single node: a function call. */
import type { Delivery, DeliveryBus, DeliveryListener } from '../log/delivery.ts';
import { PushOrder } from '../log/push-order.ts';

export class MemoryBus implements DeliveryBus {
  #listener: DeliveryListener | undefined;
  readonly #order: PushOrder<Delivery>;

  /** @param holdMs for tests; see {@link PushOrder} */
  constructor(holdMs?: number) {
    this.#order = new PushOrder({
      push: (delivery) => this.#listener?.deliver(delivery),
      ...(holdMs === undefined ? {} : { holdMs }),
    });
  }

  deliver(delivery: Delivery): void {
    this.#order.add(delivery.logID, delivery.seq, delivery);
  }

  /** Whatever is stored, this process has stored and delivers. */
  deliverAgain(): void {}

  doubt(): void {}

  onDelivery(listener: DeliveryListener): void {
    this.#listener = listener;
  }
}
