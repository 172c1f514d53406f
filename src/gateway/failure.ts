/** What a client is told about an exception, and whether it belongs into the log. */
import { errors, ProtocolError } from '../protocol/errors.ts';

/** Anything but a ProtocolError is 500 and says nothing but `reference`, which the log line of the failure has too. */
export function failureOf(error: unknown, reference: string): ProtocolError {
  return error instanceof ProtocolError ? error : errors.internal(`reference ${reference}`);
}

/** True for what the client did not cause: unknown errors, and protocol errors with a cause, such as a store's. */
export function isOurFault(error: unknown): boolean {
  return !(error instanceof ProtocolError) || error.cause !== undefined;
}
