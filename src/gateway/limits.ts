/** What one connection, and all of them together, may cost. Numbers of the protocol: websocket.md 3.1. */

export interface GatewayLimits {
  /** Sockets, open or in their handshake, before 1601 is answered. */
  readonly maxConnections: number;
  /** Open sockets of one token: beyond it the oldest makes room. */
  readonly maxSocketsPerToken: number;
  /** Open sockets of one user: beyond it the oldest makes room. */
  readonly maxSocketsPerUser: number;
  /** Handshakes of one address whose token has not been checked; 1601 beyond. 0: no limit. */
  readonly maxHandshakesPerAddress: number;
  /** Of an inbound message on the wire, before gunzip: beyond it the socket is closed with 1009. */
  readonly maxFrameBytes: number;
  /** Of an inbound message after gunzip. */
  readonly maxInflatedBytes: number;
  /** Of requests of one user that have been read and not been answered, before reading from the user pauses. */
  readonly maxInboundBytesPerUser: number;
  /** The same for all users together. */
  readonly maxInboundBytes: number;
  /** Outgoing bytes waiting for a client to read; one frame may go beyond. */
  readonly maxQueuedBytes: number;
  /** Outgoing frames waiting for a client to read. */
  readonly maxQueuedFrames: number;
  /** For as long nothing of what waits for a client may leave before the client is cut off. */
  readonly maxStuckSeconds: number;
  /** Requests of one connection waiting for their turn before reading from it pauses. */
  readonly maxWaitingRequests: number;
  /** Users whose coming and going one connection may want to hear of; 1001 beyond. */
  readonly maxSubscriptions: number;
  /** The same for all connections of one user together. */
  readonly maxSubscriptionsPerUser: number;
  /** For a request to arrive on the gateway's own port, and once more for its token check. */
  readonly handshakeTimeoutMs: number;
  /** A connection that sends no frame of any kind for so long is cut off. */
  readonly readDeadlineSeconds: number;
  /** Between protocol pings to a connection; clients rely on at most 27. */
  readonly pingIntervalSeconds: number;
  /** For the client's part of a closing handshake. */
  readonly closeTimeoutMs: number;
  /** When the process stops, for a client to answer the ping that tells what it has sent before. */
  readonly drainReadingMs: number;
  /** When the process stops, from the first connection that is closed to the last, at most; it is a ms for each. */
  readonly drainSpreadMs: number;
  /** For the requests in flight and the closing handshakes of all connections when the process stops, and that has gone by. */
  readonly drainTimeoutMs: number;
}

export const defaultLimits: GatewayLimits = {
  maxConnections: 100_000,
  maxSocketsPerToken: 16,
  maxSocketsPerUser: 128,
  maxHandshakesPerAddress: 0,
  maxFrameBytes: 51_200,
  maxInflatedBytes: 256 * 1024,
  maxInboundBytesPerUser: 4 * 1024 * 1024,
  maxInboundBytes: 256 * 1024 * 1024,
  // A burst must not cost a healthy client its connection: slowness is a matter of time.
  maxQueuedBytes: 8 * 1024 * 1024,
  maxQueuedFrames: 8192,
  maxStuckSeconds: 20,
  maxWaitingRequests: 16,
  maxSubscriptions: 5000,
  maxSubscriptionsPerUser: 20_000,
  handshakeTimeoutMs: 10_000,
  readDeadlineSeconds: 30,
  pingIntervalSeconds: 25,
  closeTimeoutMs: 5000,
  drainReadingMs: 2000,
  drainSpreadMs: 0,
  drainTimeoutMs: 15_000,
};
