/** How the nodes of one cluster speak to each other: fire and forget. Who needs more builds it on top. */

export interface Peer {
  readonly nodeID: string;
}

export interface NodeChannel {
  readonly nodeID: string;
  /** The other nodes whose lease holds, as of the last heartbeat. */
  peers(): readonly Peer[];
  /** May be lost. What goes to one node in one turn of the event loop keeps its order. */
  send(nodeID: string, kind: string, payload: Buffer): void;
  /** One listener per kind. */
  on(kind: string, listener: (from: string, payload: Buffer) => void): void;
  /** After the lease of a node has ended. `isHeir` for exactly one survivor. */
  onGone(listener: (nodeID: string, isHeir: boolean) => void): void;
  /** Redis is lost or back: everything derived that lives there has to be told again. */
  onHearing(listener: (isHearing: boolean) => void): void;
}
