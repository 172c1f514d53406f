/**
 * Who is online: the contract between the gateways, which know their own sockets, and everybody who asks. It has to
 * hold for one process and for several that share a Redis. Protocol: websocket.md 8.
 */

/** One open socket. */
export interface OnlineConnection {
  readonly userID: string;
  readonly platformID: number;
  /** Names the connection in logs. */
  readonly connID: string;
  /** Of the token that opened it. */
  readonly jti: string;
  /** The application behind it is in the background, as far as the client says so. */
  readonly isBackground: boolean;
}

/** The platforms on which a user is online: ascending, each once; empty for a user who is offline. */
export type OnlinePlatforms = readonly number[];

export interface PresenceChange {
  readonly userID: string;
  readonly platformIDs: OnlinePlatforms;
}

export interface Presence {
  /** A socket of this node is open: the gateway's own object, which always says what is true now. */
  opened(connection: OnlineConnection): void;

  /** It is not any more. More than once is the same as once. */
  closed(connection: OnlineConnection): void;

  /** Of each user, in the order asked and repeated where asked twice. */
  platformsOf(userIDs: readonly string[]): Promise<OnlinePlatforms[]>;

  /** Like {@link platformsOf}; the open sockets of each user on all nodes as they are now, oldest first. */
  connectionsOf(userIDs: readonly string[]): Promise<(readonly OnlineConnection[])[]>;

  /**
   * Hears of every user whose set of platforms has changed, at latest in the next turn of the event loop. What changes
   * and changes back within one turn is no change. Returns what ends it.
   */
  onChange(listener: (change: PresenceChange) => void): () => void;
}
