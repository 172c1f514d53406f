/** What a client is told about an exception, and whether it belongs into the log: the same over REST and the socket. */
import { errors, ProtocolError } from './errors.ts';

/**
 * A protocol error as it is. Anything else is 500 that says nothing but `reference`, under which the log has the
 * cause: messages and stacks of unknown errors may hold whatever the failed code was working on.
 */
export function toProtocolError(error: unknown, reference: string): ProtocolError {
  return error instanceof ProtocolError ? error : errors.internal(`reference ${reference}`);
}

/** True for what no client can cause: unknown errors, and protocol errors with a cause, such as a store's. */
export function isOurFault(error: unknown): boolean {
  return !(error instanceof ProtocolError) || error.cause !== undefined;
}
