/**
 * Delivery from the domains to sockets, wherever they are. In one process it is a function call; with several nodes it
 * goes by one channel per node (design, section 4).
 */

/** A committed or online-only message on its way to its recipients' sockets. */
export interface Delivery {
  /** Distinct user IDs whose connections get the frame. */
  readonly userIDs: readonly string[];
  readonly conversationID: string;
  /** Encoded MsgData as it is stored, seq included. */
  readonly body: Buffer;
  /** Of the request that caused it; clients match their own echo by it. */
  readonly operationID: string;
}

export interface DeliveryBus {
  /** Hands a delivery to every node that may hold sockets of its users, in the order of calls per conversation. */
  deliver(delivery: Delivery): void;
  /** Receives deliveries for this node's sockets. One listener per process: the gateway. */
  onDelivery(listener: (delivery: Delivery) => void): void;
}
