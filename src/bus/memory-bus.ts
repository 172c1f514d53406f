/** The bus of a single node: a function call. */
import type { Delivery, DeliveryBus } from '../log/delivery.ts';

export class MemoryBus implements DeliveryBus {
  #listener: ((delivery: Delivery) => void) | undefined;

  deliver(delivery: Delivery): void {
    this.#listener?.(delivery);
  }

  onDelivery(listener: (delivery: Delivery) => void): void {
    this.#listener = listener;
  }
}
