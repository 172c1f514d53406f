/**
 * Who is online: the contract between the gateways, which know their own sockets, and everybody who asks. It holds for
 * one process and for several that share a Redis. Protocol: websocket.md 8.
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
  /**
   * A socket of this node is open: the gateway's own object, which always says what is true now.
   * @returns what resolves when other nodes find it, or cannot be told; undefined where there are none
   */
  opened(connection: OnlineConnection): Promise<void> | undefined;

  /** It says something else now. */
  changed(connection: OnlineConnection): void;

  /** It is not open any more. More than once is the same as once. */
  closed(connection: OnlineConnection): void;

  /** Of each user, in the order asked and repeated where asked twice. Rejects while nobody knows. */
  platformsOf(userIDs: readonly string[]): Promise<OnlinePlatforms[]>;

  /** Like {@link platformsOf}; the open sockets of each user on all nodes as they are now, oldest first. */
  connectionsOf(userIDs: readonly string[]): Promise<(readonly OnlineConnection[])[]>;

  /** Changes of these users are to be heard of: whoever asks afterwards learns of all that come after the answer. */
  watch(userIDs: readonly string[]): void;

  /** They need not be heard of any more. */
  unwatch(userIDs: readonly string[]): void;

  /**
   * Hears of every watched user whose set of platforms has changed, and perhaps of others. Changes on this node are heard
   * of at latest in the next turn of the event loop where there are no other nodes. What changes and changes back within
   * one turn is no change. Returns what ends it.
   */
  onChange(listener: (change: PresenceChange) => void): () => void;

  /** One listener, for connections of one user on several nodes: the gateway. */
  onNeighbours(listener: NeighbourListener): void;
}

export interface NeighbourListener {
  /** A connection of this node was opened after these on other nodes, of which it has ended none. */
  onOlder(connection: OnlineConnection, older: readonly OnlineConnection[]): void;
  /** The token behind a connection of this node has opened another one elsewhere: its client may have left this one. */
  onDoubted(userID: string, connID: string): void;
}
