/** The seam between a connection and what answers its requests. */
import type { CallContext } from '../../kernel/caller.ts';

/**
 * Answers the protobuf request `data` with the protobuf reply; null where the protocol has no data at all.
 * A ProtocolError, thrown or rejected with, becomes the reply's errCode, any other error 500.
 */
export type RequestHandler = (call: RequestCall, data: Uint8Array) => Promise<Uint8Array | null>;

/** By request identifier. A frame with an identifier that is not here ends the connection. */
export type RequestHandlers = ReadonlyMap<number, RequestHandler>;

export interface RequestCall extends CallContext {
  readonly connection: ConnectionControl;
}

/** What a request may ask of the connection that it came over. Domains do not need it; see connection-requests.ts. */
export interface ConnectionControl {
  /** Ends the connection once the reply to this request, of whatever outcome, has been sent. */
  closeAfterReply(): void;
  /** Whether the application behind it is in the background. */
  setBackground(isBackground: boolean): void;
  /** Wants to hear, or not to hear any more, when users come and go. @throws 1001 too many, nothing has changed */
  subscribe(userIDs: readonly string[], unsubscribedUserIDs: readonly string[]): void;
}
