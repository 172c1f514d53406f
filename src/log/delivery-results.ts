/** Whose phones a message has reached online, as the gateway tells it. Protocol: objects-push-webhooks.md 2.1. */
import type { Delivery } from './delivery.ts';

export interface DeliveryResults {
  /** It has gone to everybody who is connected here: to these users on a phone. */
  note(delivery: Delivery, reached: ReadonlySet<string>): void;
}
