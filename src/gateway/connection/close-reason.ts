/**
 * Why the server ends connections. No published client looks at the close code; they are for people
 * with a network trace, and for clients to come. Protocol: websocket.md 2.2 and 3.4.
 */

export interface CloseReason {
  /** Label of the disconnect counter. */
  readonly name: string;
  /** Of the close frame. */
  readonly code: number;
  /** Of the close frame. */
  readonly text: string;
}

/** For connections that get what is queued for them, and a close frame. */
export const closeReasons = {
  /** The token was ended by a newer login or by force: 2002 goes ahead of the close frame. */
  kicked: { name: 'kicked', code: 1008, text: 'logged in elsewhere or logged out by force' },
  /** No 2002: the client is to reconnect and hear 1501. */
  keyRetired: { name: 'key_retired', code: 1008, text: 'signing key retired' },
  tokenExpired: { name: 'token_expired', code: 1008, text: 'token expired' },
  loggedOut: { name: 'logged_out', code: 1000, text: 'logged out' },
  /** Its token or user has too many sockets, and it is the oldest. No 2002: nobody has logged in elsewhere. */
  crowdedOut: { name: 'crowded_out', code: 1008, text: 'too many sockets of one token or user' },
  shuttingDown: { name: 'shutting_down', code: 1001, text: 'server is shutting down' },

  /** Gunzip, frame or text that cannot be decoded. */
  badFrame: { name: 'bad_frame', code: 1002, text: 'frame cannot be decoded' },
  wrongSender: { name: 'wrong_sender', code: 1008, text: 'sendID is not the user of the connection' },
  unknownRequest: { name: 'unknown_request', code: 1008, text: 'unknown reqIdentifier' },

  /** A fault of ours. */
  failed: { name: 'failed', code: 1011, text: 'internal error' },
} as const satisfies Record<string, CloseReason>;

/** For connections that nobody reads from, or that have been closed already: labels of the disconnect counter. */
export const cutReasons = {
  /** No frame of any kind came in within the read deadline. */
  silent: 'silent',
  slowReader: 'slow_reader',
  crowdedOut: 'crowded_out',
  /** Not closed within the time that a stop of the server leaves. */
  drainTimeout: 'drain_timeout',
  /** Violations of RFC 6455 and oversize messages: the library has answered with 1002, 1007, 1008 or 1009. */
  webSocketError: 'websocket_error',
} as const;

export type CutReason = (typeof cutReasons)[keyof typeof cutReasons];
